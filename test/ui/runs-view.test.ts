import { describe, expect, test } from 'vitest';
import { parseStageEvent, type StageEvent } from '../../src/core/stage/events.ts';
import { progressOf } from '../../src/core/stage/progress.ts';
import type { LogPage } from '../../src/core/workflows/runs/types.ts';
import { chartRows, formatValue, histogramRows } from '../../src/ui/components/chart.ts';
import {
  canStart,
  type FormState,
  freeName,
  NO_PREFLIGHT,
  newRequest,
  reducePreflight,
} from '../../src/ui/state/form.ts';
import { type FormChoices, formFields } from '../../src/ui/state/form-fields.ts';
import { resetField, setField } from '../../src/ui/state/form-set.ts';
import {
  type LogState,
  logReducer,
  logTop,
  logView,
  MAX_LOG_LINES,
  NO_LOG,
  wantedPage,
} from '../../src/ui/state/log.ts';
import { preflightRows } from '../../src/ui/state/preflight-view.ts';
import { formatAge } from '../../src/ui/state/runs-view.ts';
import { chartsOf, comparable } from '../../src/ui/state/series.ts';
import { TABLE } from './runs-bench.ts';

const text = (rows: readonly (readonly { text: string }[])[]) =>
  rows.map((row) => row.map((part) => part.text).join(''));

describe('charts', () => {
  const line = (ys: readonly number[]) => ({
    name: 'loss',
    tone: 'plain' as const,
    sign: null,
    points: ys.map((y, index) => ({ x: index + 1, y })),
  });

  test('never exceed their size, whatever is told', () => {
    for (const ys of [[], [1], [1, 1], [Number.NaN], [1, Number.NaN, 3], [1e-9, 5e8], Array(5000).fill(2)]) {
      for (const [width, height] of [
        [40, 8],
        [24, 3],
        [9, 3],
        [100, 1],
      ] as const) {
        const rows = text(chartRows([line(ys)], width, height));
        expect(rows.length).toBeLessThanOrEqual(height);
        if (height > 1 && width >= 24) for (const row of rows.slice(1)) expect(row.length).toBeLessThanOrEqual(width);
      }
    }
  });

  test('a falling line goes from the upper left to the lower right; points have their sign at their place', () => {
    const points = [{ x: 4, y: 4 }];
    const valid = { name: 'valid', tone: 'ok' as const, sign: '◆', points };
    const rows = text(chartRows([line([4, 3, 2, 1]), valid], 28, 6));
    expect(rows[0]).toContain('loss 1');
    expect(rows[0]).toContain('◆ valid 4');
    expect(rows[1]?.slice(8, 10)).toMatch(/[⠁-⣿]/u);
    expect(rows[1]?.trimEnd().endsWith('◆')).toBe(true);
    expect(rows[4]?.trimEnd()).toMatch(/[⠁-⣿]$/u);
    expect(rows[4]?.slice(8, 12).trim()).toBe('');
    expect(rows[1]?.trim().startsWith('4')).toBe(true);
    expect(rows[5]).toMatch(/step 1 +4$/);
  });

  test('the counts of a histogram are kept where bins are joined', () => {
    const bins = { real: [0, 0, 0, 0, 0, 1, 2, 3, 4, 30], simulated: [25, 5, 0, 0, 0, 0, 0, 0, 0, 0] };
    expect(text(histogramRows(bins, 60, 11))).toHaveLength(11);
    const joined = text(histogramRows(bins, 60, 6));
    expect(joined[0]).toContain('real 40');
    expect(joined[1]).toMatch(/0\.0-0\.2 .* 30$/);
    expect(joined[5]).toMatch(/0\.8-1\.0 █+.* 34 /);
  });

  test.each([
    [0, '0'],
    [0.4567891, '0.4568'],
    [-12.345678, '-12.35'],
    [0.00001, '1.0e-5'],
    [15_000, '15k'],
    [200, '200'],
  ])('%d is shown as %s', (value, shown) => expect(formatValue(value)).toBe(shown));

  test('a stage shows what it tells: the histogram only of a discriminator, margins only of dpo', () => {
    const told = { event: 'step', t: 1, step: 1, steps: 2, loss: 1, 'rewards/margins': 0.5 };
    const step = parseStageEvent(JSON.stringify(told)) as StageEvent;
    const dpo = chartsOf('dpo', progressOf([step])).map(({ title }) => title);
    expect(dpo.slice(0, 2)).toEqual(['Loss', 'Margin of the rewards']);
    expect(chartsOf('sft', progressOf([step])).map(({ title }) => title)).toEqual(['Loss']);
    expect(comparable(progressOf([step]), progressOf([])).map(({ title }) => title)).toEqual([
      'Loss, train',
      'Margin of the rewards, train',
    ]);
  });
});

describe('the window of a log', () => {
  const total = 10_000;
  const SIZE = total * 10;
  /** Lines of ten bytes. */
  const page = (from: number, to: number, size = SIZE): LogPage => ({
    lines: Array.from({ length: to - from }, (_, index) => ({ at: (from + index) * 10, text: `line ${from + index}` })),
    start: from * 10,
    end: to * 10,
    size,
  });
  const settle = (state: LogState, height: number): LogState => {
    let now = state;
    for (let wanted = wantedPage(now, height); wanted !== null; wanted = wantedPage(now, height)) {
      const [start, end] = [now.start / 10, now.end / 10];
      const next = wanted === 'before' ? page(Math.max(0, start - 400), start) : page(end, Math.min(total, end + 400));
      now = logReducer(now, { type: wanted, page: next });
    }
    return now;
  };
  const seen = (state: LogState, height: number) => logView(state, height).lines.map((line) => line.text);
  const end = logReducer(NO_LOG, { type: 'grown', page: page(total - 100, total) });

  test('scrolls from the end to the start and back over every line, and never holds more than it may', () => {
    let state = settle(end, 20);
    expect(seen(state, 20).at(-1)).toBe('line 9999');
    let top = 9980;
    while (top > 0) {
      top = Math.max(0, top - 19);
      state = settle(logReducer(state, { type: 'move', lines: -19, height: 20 }), 20);
      expect(seen(state, 20)[0]).toBe(`line ${top}`);
      expect(state.lines.length).toBeLessThanOrEqual(MAX_LOG_LINES);
    }
    for (top = 0; top + 20 < total; ) {
      top = Math.min(total - 20, top + 19);
      state = settle(logReducer(state, { type: 'move', lines: 19, height: 20 }), 20);
      expect(seen(state, 20)[0]).toBe(`line ${top}`);
    }
    expect(state.follow).toBe(false);
  });

  test('what is added is followed until one scrolls up, and again after the end was gone to', () => {
    const added = page(total, total + 5, SIZE + 50);
    expect(seen(logReducer(end, { type: 'grown', page: added }), 3).at(-1)).toBe('line 10004');
    const up = logReducer(end, { type: 'move', lines: -1, height: 3 });
    const still = logReducer(up, { type: 'grown', page: added });
    expect(seen(still, 3)).toEqual(seen(up, 3));
    expect(still.size).toBe(SIZE + 50);
    const back = logReducer(still, { type: 'end', page: added });
    expect(back.follow).toBe(true);
    expect(seen(back, 3).at(-1)).toBe('line 10004');
  });

  test('a last line that is still being written is replaced by the rest of it', () => {
    const half = {
      lines: [
        { at: 0, text: 'one' },
        { at: 4, text: 'tw' },
      ],
      start: 0,
      end: 4,
      size: 6,
    };
    const rest = {
      lines: [
        { at: 4, text: 'two' },
        { at: 8, text: 'three' },
      ],
      start: 4,
      end: 14,
      size: 14,
    };
    const state = logReducer(logReducer(NO_LOG, { type: 'grown', page: half }), { type: 'grown', page: rest });
    expect(state.lines.map((line) => line.text)).toEqual(['one', 'two', 'three']);
  });

  test('a log that was begun anew is shown from its new end', () => {
    const anew = logReducer(end, { type: 'grown', page: page(0, 3, 30) });
    expect(seen(anew, 5)).toEqual(['line 0', 'line 1', 'line 2']);
    expect(logTop(anew, 5)).toBe(0);
  });
});

describe('the form', () => {
  const choices: FormChoices = {
    table: TABLE,
    corpora: [{ name: 'talks', sessions: 3 }],
    sets: [{ name: 'it1', pairs: 9, approved: 4 }],
    launchers: ['local', 'cluster'],
    simulators: ['sim-a'],
    taken: ['simulator-1'],
  };
  const fieldOf = (form: Pick<FormState, 'request' | 'choices'>, key: string) =>
    formFields(form).find((field) => field.key === key);

  test('begins with a free name, and asks for what is missing', () => {
    const request = newRequest('sft', choices);
    expect(request.name).toBe('simulator-2');
    expect(freeName('a', [])).toBe('a-1');
    expect(fieldOf({ request, choices }, 'train')?.error).toMatch(/choose/);
    expect(fieldOf({ request, choices }, 'valid')?.error).toMatch(/choose/);
    expect(fieldOf({ request: newRequest('dpo', choices), choices }, 'adapter')?.error).toMatch(/choose/);
    expect(fieldOf({ request: newRequest('dpo', choices), choices }, 'train')?.value).toBe('approved pairs');
  });

  test('DPO can take the approved pairs of all sets, or of one', () => {
    const form = { request: newRequest('dpo', choices), choices };
    expect(fieldOf(form, 'train')?.options.map(({ value }) => value)).toEqual([
      'approved pairs',
      'approved pairs of it1',
    ]);
    const one = setField(form, 'train', 'approved pairs of it1');
    expect(one.rows.train).toEqual({ from: 'pairs', set: 'it1' });
    expect(fieldOf({ request: one, choices }, 'train')?.value).toBe('approved pairs of it1');
    expect(setField({ request: one, choices }, 'train', 'approved pairs').rows.train).toEqual({ from: 'pairs' });
  });

  test('a changed value is marked beside the preset; the value of the preset is no change', () => {
    const request = setField({ request: newRequest('sft', choices), choices }, 'hyper.lr', '5e-4');
    expect(fieldOf({ request, choices }, 'hyper.lr')).toMatchObject({
      value: '0.0005',
      preset: '0.001',
      changed: true,
    });
    expect(setField({ request, choices }, 'hyper.lr', '1e-3').changes).toEqual({});
    expect(resetField({ request, choices }, 'hyper.lr').changes).toEqual({});
    const paper = setField({ request, choices }, 'preset', 'paper');
    expect(fieldOf({ request: paper, choices }, 'hyper.lr')).toMatchObject({ value: '0.0005', preset: '0.00005' });
    expect(paper.resources.gpus).toBe(8);
  });

  test.each([
    ['hyper.lr', '0', 'lr: 0 is not above 0'],
    ['hyper.lr', 'x', 'lr: "x" is no number'],
    ['gpus', '-1', '"-1" is no whole number from 0 on'],
    ['memoryGb', 'lots', '"lots" is no number above 0'],
    ['name', ' ', 'it needs a name'],
  ])('%s refuses %s', (key, value, message) => {
    expect(() => setField({ request: newRequest('sft', choices), choices }, key, value)).toThrow(message);
  });

  test('each kind of data finds its way into the request and back', () => {
    let request = newRequest('discriminator', choices);
    const values = {
      train: 'talks',
      valid: 'file /rows/v.jsonl',
      simulated: 'a, b',
      match: 'words',
      context: 'false',
      cpus: '4',
    };
    for (const [key, value] of Object.entries(values)) request = setField({ request, choices }, key, value);
    expect(request.rows).toMatchObject({
      train: { from: 'corpus', corpus: 'talks' },
      valid: { from: 'file', file: '/rows/v.jsonl' },
      ...{ simulated: ['a', 'b'], match: 'words', context: false },
    });
    for (const [key, value] of Object.entries(values)) expect(fieldOf({ request, choices }, key)?.value).toBe(value);
  });

  test('only what was checked as it stands can start', () => {
    const request = newRequest('sft', choices);
    const plan = { id: 'x', request } as never;
    const preflight = reducePreflight({ ...NO_PREFLIGHT, status: 'running', request }, { type: 'planned', plan });
    const form: FormState = { request, choices, selected: 0, pane: 'fields', top: 0, preflight, back: null };
    expect(canStart(form)).toBe(true);
    const changed = { ...form, request: setField(form, 'gpus', '2') };
    expect(canStart(changed)).toBe(false);
    expect(text(preflightRows(changed, 78))[0]).toContain('changed since');
  });

  test('memory that does not fit says so in words', () => {
    const request = newRequest('sft', choices);
    const event = { event: 'memory' as const, t: 1, estimate_bytes: 40e9, available_bytes: 16e9, device: 'H100' };
    const preflight = reducePreflight({ ...NO_PREFLIGHT, status: 'running', request }, { type: 'event', event });
    const form: FormState = { request, choices, selected: 0, pane: 'fields', top: 0, preflight, back: null };
    expect(text(preflightRows(form, 78)).join('\n')).toContain('about 40 GB of 16 GB on H100, does NOT fit');
  });
});

test.each([
  ['2026-01-01T00:59:30.000Z', '30 s'],
  ['2026-01-01T00:10:00.000Z', '50 min'],
  ['2025-12-31T20:00:00.000Z', '5 h'],
  ['2025-12-20T20:00:00.000Z', '11 d'],
])('the age of %s is %s', (created, age) =>
  expect(formatAge(created, Date.parse('2026-01-01T01:00:00.000Z'))).toBe(age),
);
