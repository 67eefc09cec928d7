import { describe, expect, test } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';
import { loopSchema } from '../../src/core/workflows/loop/settings.ts';
import { loopFields, newLoopForm, resetLoopField, setLoopField } from '../../src/ui/state/loop-form.ts';
import { TABLE } from './runs-bench.ts';

describe('the form of a new loop', () => {
  const choices = {
    table: TABLE,
    corpora: ['a-train', 'a-valid', 'b'].map((name) => ({ name, sessions: 3 })),
    ...{ simulators: ['it0'], discriminators: ['d'], chatbots: ['bot'], launchers: ['local'], taken: ['loop-1'] },
  };
  const defaults = { created: '2026-01-01T00:00:00.000Z', simulator: 'it0', chatbot: 'bot', maxUserTurns: 9 };
  const form = newLoopForm(choices, { ...defaults, contextBudget: 1000, alternatives: 8 });
  const field = (key: string, of = form) => loopFields(of).find((one) => one.key === key);

  test('begins with the defaults of loop.json, a free name, and the splits of one import', () => {
    expect(form.settings).toMatchObject({
      ...{ name: 'loop-2', contexts: { train: 'a-train', valid: 'a-valid', test: null }, max_user_turns: 9 },
      ...{ iterations: 3, limits: { train: 800 }, review: { by: 'person' }, dpo: { floor: 50 } },
    });
    expect(loopFields(form).filter(({ error }) => error !== null)).toEqual([]);
    expect(loopFields(form).filter(({ changed }) => changed)).toEqual([]);
    const none = newLoopForm({ ...choices, corpora: [] }, { ...defaults, contextBudget: 1000, alternatives: 8 });
    expect(field('contexts.train', none)?.error).toBe('choose it');
  });

  test('takes what can be taken, and says what is wrong with the rest', () => {
    expect(setLoopField(form, 'limits.train', 'all').limits.train).toBeNull();
    expect(setLoopField(form, 'limits.train', '6').limits.train).toBe(6);
    expect(setLoopField(form, 'chatbots', 'bot, all').chatbots).toEqual(['bot', 'all']);
    expect(setLoopField(form, 'held_out', 'd').held_out).toBe('d');
    expect(setLoopField(form, 'mine.critical.random', 'true').mine.critical.random).toBe(true);
    for (const [key, value, says] of [
      ['iterations', '0', /./u],
      ['iterations', 'two', /"two" is no number/u],
      ['name', '../x', /letters, digits/u],
      ['limits.train', '1.5', /./u],
      ['discriminator.changes.lr', '-1', /not above 0/u],
    ] as const) {
      expect(() => setLoopField(form, key, value), `${key} ${value}`).toThrow(FoilError);
      expect(() => setLoopField(form, key, value)).toThrow(says);
    }
    const twice = { ...form, settings: setLoopField(form, 'contexts.valid', 'a-train') };
    expect(field('contexts.valid', twice)?.error).toContain('another corpus');
    expect(field('name', { ...form, settings: setLoopField(form, 'name', 'loop-1') })?.error).toBe(
      'there is such a loop',
    );
  });

  test('iteration 0 is given all of what it needs, or nothing', () => {
    const half = { ...form, settings: setLoopField(form, 'given.sessions.train', 'b') };
    expect(half.settings.given).toEqual({ sessions: { train: 'b', valid: '', test: null }, discriminator: null });
    expect(field('given.sessions.valid', half)?.error).toBe('choose them too');
    const whole = { ...form, settings: setLoopField(half, 'given.sessions.valid', 'a-valid') };
    expect(field('given.sessions.valid', whole)?.error).toBeNull();
    const judged = setLoopField(whole, 'given.discriminator', 'd');
    expect(judged.given?.discriminator).toBe('d');
    expect(loopSchema.parse(judged).given).toEqual(judged.given);
    expect(setLoopField(half, 'given.sessions.train', 'none').given).toBeNull();
  });

  test('hyper-parameters stand beside their preset; what is changed can be taken back', () => {
    const changed = { ...form, settings: setLoopField(form, 'discriminator.changes.epochs', '7') };
    expect(field('discriminator.changes.epochs', changed)).toMatchObject({ value: '7', preset: '1', changed: true });
    expect(changed.settings.discriminator.changes).toEqual({ epochs: 7 });
    expect(resetLoopField(changed, 'discriminator.changes.epochs').discriminator.changes).toEqual({});
    // the preset's value is no change
    expect(setLoopField(changed, 'discriminator.changes.epochs', '1').discriminator.changes).toEqual({});
    const named = { ...form, settings: setLoopField(form, 'iterations', '5') };
    expect(resetLoopField(named, 'iterations').iterations).toBe(3);
  });
});
