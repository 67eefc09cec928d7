import { expect, test } from 'vitest';
import { parseStageEvent, type StageEvent } from '../../src/core/stage/events.ts';
import { progressOf } from '../../src/core/stage/progress.ts';
import { formOf, hyperOf, parseHyper, showHyper } from '../../src/core/stage/table.ts';
import { stageTableSchema } from '../../src/core/stage/table-schema.ts';

const events = (...lines: object[]): StageEvent[] =>
  lines.map((line) => parseStageEvent(JSON.stringify({ t: 1, ...line }))!);

test('events of another version are kept, torn lines are not events, figures may be missing', () => {
  expect(parseStageEvent('{"t": 2, "event": "weather", "wind": 3}')).toEqual({
    event: 'other',
    t: 2,
    name: 'weather',
    data: { wind: 3 },
  });
  // A known name with a shape of its own is no reason to end anything either.
  expect(parseStageEvent('{"t": 2, "event": "step", "step": "five"}')).toMatchObject({ event: 'other', name: 'step' });
  expect(parseStageEvent('{"t": 2, "event": "step", "st')).toBeNull();
  expect(parseStageEvent('[1]')).toBeNull();
  expect(parseStageEvent('{"t": 2, "event": "step", "step": 1, "loss": null}')).toMatchObject({
    loss: null,
    eta: null,
  });
});

test('a resumed run tells steps anew, and what ended the attempt before no longer counts', () => {
  const first = progressOf(
    events(
      { event: 'preflight', split: 'train', rows: 5, used: 4, dropped: 1 },
      { event: 'step', step: 1, steps: 4, loss: 3, eta: 30, 'rewards/margins': 0.5 },
      { event: 'saved', step: 1 },
      { event: 'step', step: 2, steps: 4, loss: 2.5, eta: 20 },
      { event: 'valid', step: 2, loss: 2.6, histogram: { real: [1, 2], simulated: [3, 4] } },
      { event: 'failed', kind: 'out-of-memory', message: 'memory ran out', remedy: 'smaller batch' },
    ),
  );
  expect(first).toMatchObject({ step: 2, steps: 4, eta: null, saved: [1], failed: { kind: 'out-of-memory' } });
  expect(first.points[0]?.margin).toBe(0.5);
  expect(first.histogram).toEqual({ step: 2, real: [1, 2], simulated: [3, 4] });

  const again = progressOf(
    events(
      { event: 'preflight', split: 'train', rows: 5, used: 4, dropped: 1 },
      { event: 'step', step: 2, steps: 4, loss: 2.4, eta: 20 },
      { event: 'valid', step: 2, loss: 2.5 },
      { event: 'done', stage: 'sft' },
    ),
    first,
  );
  expect(again.points.map(({ step, loss }) => [step, loss])).toEqual([
    [1, 3],
    [2, 2.4],
  ]);
  expect(again.valid).toHaveLength(1);
  expect(again).toMatchObject({ failed: null, done: true, eta: null });
  // What was there before is not changed.
  expect(first.points[1]?.loss).toBe(2.5);
});

const table = stageTableSchema.parse({
  version: 1,
  stages: {
    sft: {
      title: 'SFT',
      hyper: {
        lr: { type: 'number', above: 0, default: 6e-4, paper: 5e-5, small: 1e-3, help: 'The rate.' },
        batch: { type: 'integer', min: 1, max: 64, default: 2, help: 'Rows a step.' },
        limit: { type: 'number', null: true, above: 0, default: null, small: 60, unit: 'seconds', help: 'Stop.' },
        pack: { type: 'boolean', default: false, help: 'Pack.' },
        head: { type: 'choice', choices: ['lm', 'linear'], default: 'lm', help: 'Head.' },
        targets: { type: 'list', items: 'string', choices: ['q', 'v'], default: ['q'], help: 'Layers.' },
        turns: { type: 'list', items: 'integer', default: [1, 3], help: 'Turns.' },
      },
    },
  },
});

test('a form shows the value of the preset beside what was changed', () => {
  const form = formOf(table, 'sft', 'paper', { batch: 4, lr: 5e-5 });
  const lr = form.find(({ name }) => name === 'lr');
  expect(lr).toMatchObject({ value: 5e-5, preset: 5e-5, default: 6e-4, changed: false });
  expect(form.find(({ name }) => name === 'batch')).toMatchObject({ value: 4, preset: 2, changed: true, error: null });
  // The paper does not say: the default holds.
  expect(form.find(({ name }) => name === 'limit')).toMatchObject({ preset: null, nullable: true, unit: 'seconds' });
  expect(formOf(table, 'sft', 'small', { batch: 0 })[1]?.error).toContain('below 1');
  expect(hyperOf(table, 'sft', 'small', {})).toMatchObject({ lr: 1e-3, limit: 60, targets: ['q'] });
});

test.each([
  ['lr', '5e-5', 5e-5],
  ['batch', ' 8 ', 8],
  ['limit', 'none', null],
  ['pack', 'yes', true],
  ['head', 'linear', 'linear'],
  ['targets', 'q, v', ['q', 'v']],
  ['turns', '1 5 10', [1, 5, 10]],
])('%s=%s is read, and shown so that it reads back', (name, text, value) => {
  expect(parseHyper(table, 'sft', name, text)).toEqual(value);
  expect(parseHyper(table, 'sft', name, showHyper(value))).toEqual(value);
});

test.each([
  ['lr', 'fast', 'no number'],
  ['lr', '0', 'not above 0'],
  ['lr', '', 'no number'],
  ['lr', 'none', 'no number'],
  ['batch', '1.5', 'no whole number'],
  ['batch', '65', 'above 64'],
  ['pack', 'maybe', 'neither true nor false'],
  ['head', 'cnn', 'not one of lm, linear'],
  ['targets', 'q, x', '"x" is not one of q, v'],
  ['targets', ' ', 'at least one entry'],
  ['turns', '1, two', 'no whole number'],
  ['ls', '1', 'no hyper-parameter "ls"'],
])('%s=%s is refused with the reason', (name, text, reason) => {
  expect(() => parseHyper(table, 'sft', name, text)).toThrow(reason);
});

test('a spec is not made with a name that the stage does not have', () => {
  expect(() => hyperOf(table, 'sft', 'small', { constructor: 1 })).toThrow('no hyper-parameter "constructor"');
  expect(() => hyperOf(table, 'sft', 'small', { batch: 'x' })).toThrow('batch: "x" is no number');
});
