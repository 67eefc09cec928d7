import { describe, expect, it, test } from 'vitest';
import { bootstrap } from '../../../src/core/metrics/bootstrap.ts';
import { featuresAt } from '../../../src/core/metrics/even.ts';
import { overlapShare, WordRuns } from '../../../src/core/metrics/overlap.ts';
import type { Session } from '../../../src/core/session/schema.ts';
import { type AlarmCode, alarmsOf, type RoundFigures } from '../../../src/core/workflows/loop/alarms.ts';
import { type JudgedFigures, judgedFigures } from '../../../src/core/workflows/loop/figures.ts';
import { type ContextGroup, type Judged, measure } from '../../../src/core/workflows/loop/measure.ts';
import { thresholdsSchema } from '../../../src/core/workflows/loop/settings.ts';
import { deriveSeed, unit } from '../../../src/core/workflows/seed.ts';
import { makeSession } from '../../fixtures/sessions.ts';

/** Words in a row that a user always says together; who has only a few such phrases repeats pairs of words too. */
const PHRASE = 6;

/** A user who takes `words` words a turn out of `vocabulary`, by a seed; with `phrases`, whole phrases of it. */
function speaker(id: string, seed: number, words: number, vocabulary: number, phrases = false, turns = 12): Session {
  const word = (turn: number, at: number) => {
    const drawn = (range: number, key: number) => Math.floor(range * unit(deriveSeed(seed, turn, key)));
    return phrases ? drawn(vocabulary / PHRASE, at - (at % PHRASE)) * PHRASE + (at % PHRASE) : drawn(vocabulary, at);
  };
  const texts = Array.from({ length: turns * 2 - 1 }, (_, turn) =>
    turn % 2 === 1 ? 'Tell me more.' : Array.from({ length: words }, (_, at) => `w${word(turn, at)}`).join(' '),
  );
  return makeSession(id, texts);
}

/** Real users and it0 as in the trial: 19.4 and 12.8 words a turn. */
function groups(after: { words: number; vocabulary: number; phrases?: boolean }): ContextGroup[] {
  return Array.from({ length: 30 }, (_, at) => ({
    real: speaker(`r${at}`, at, 19, 900),
    before: [speaker(`b${at}`, 100 + at, 13, 800)],
    after: [speaker(`a${at}`, 200 + at, after.words, after.vocabulary, after.phrases)],
  }));
}

const logit = (p: number) => Math.log(p / (1 - p));
const judge = (name: string, role: Judged['role'], p: { r: number; b: number; a: number }): Judged => ({
  ...{ name, role, logitP0: 0 },
  z: ({ id, turns }) => turns.filter(({ role }) => role === 'user').map(() => logit(p[id[0] as 'r'])),
});
const judged = (own: number, words: number): JudgedFigures =>
  judgedFigures({
    per_turn: { 'all turns': { accuracy: own, accuracy_95: [own - 0.05, own + 0.05], n: 80 } },
    beside: { 'bag of words (user)': { per_turn: { 'all turns': { accuracy: words } } } },
  })!;
const options = { draws: 200, seed: 1, overlapWords: 8 };
const dpo = (chosen: number): RoundFigures['dpo'] => ({
  ...{ pairs: 102, floor: 50, chosen_words: 24.5, rejected_words: 6.5, chosen_logprob: chosen, rejected_logprob: -1.7 },
  ...{ accuracy: 0.9, loss: { first: Math.LN2, last: 0.24 } },
});
const pairs = 102;
const FLOOR = 50;

/** The round of the trial that hacked its reward: turns three times as long, few words again and again, the old D fooled. */
function hacked(): RoundFigures {
  const memory = new WordRuns(8);
  const sessions = groups({ words: 39, vocabulary: 120, phrases: true });
  for (const { after } of sessions.slice(0, 10)) memory.add(after[0]!.turns[0]!.content);
  const judges = [
    judge('d0', 'miner', { r: 0.62, b: 0.19, a: 0.84 }),
    judge('old', 'held-out', { r: 0.6, b: 0.3, a: 0.25 }),
  ];
  const check = measure(sessions, judges, memory, options);
  return { iteration: 0, pairs, dpo: dpo(-0.6), check, judged: judged(0.72, 0.76), next: judged(0.85, 0.93) };
}

/** What a round should be: nearer to real users, for every judge. */
function healthy(): RoundFigures {
  const judges = [
    judge('d0', 'miner', { r: 0.62, b: 0.19, a: 0.45 }),
    judge('old', 'held-out', { r: 0.6, b: 0.3, a: 0.45 }),
  ];
  const check = measure(groups({ words: 16, vocabulary: 900 }), judges, new WordRuns(8), options);
  return { iteration: 0, pairs, dpo: dpo(0.3), check, judged: judged(0.72, 0.76), next: judged(0.66, 0.7) };
}

const thresholds = thresholdsSchema.parse({});
const verdicts = (rounds: RoundFigures[]) =>
  Object.fromEntries(alarmsOf(rounds, thresholds, FLOOR).map(({ code, verdict }) => [code, verdict])) as Record<
    AlarmCode,
    string
  >;

describe('alarms', () => {
  it('fire on the round that hacked its reward, all but the number of pairs', () => {
    const round = hacked();
    expect(round.check?.length.after.value).toBeCloseTo(39 / 19);
    expect(round.check?.after.entropy).not.toBeNaN();
    expect(verdicts([round])).toEqual({
      ...{
        pairs: 'ok',
        'chosen-logprob': 'alarm',
        length: 'alarm',
        ttr: 'alarm',
        bigrams: 'alarm',
        reward: 'alarm',
        overlap: 'alarm',
      },
    });
    const reward = alarmsOf([round], thresholds, FLOOR).find(({ code }) => code === 'reward');
    expect(reward?.text).toContain('more real than real users');
    expect(reward?.text).toContain('old (held-out)');
    expect(reward?.text).toContain('a fresh bag of words tells them apart better, 0.76 to 0.93');
  });

  it('keep silent on a healthy round', () => {
    expect(new Set(Object.values(verdicts([healthy()])))).toEqual(new Set(['ok']));
  });

  it.each([
    ['real users', (round: RoundFigures) => ({ ...round, next: null }), ['held-out']],
    ['a fresh judge alone', (round: RoundFigures) => ({ ...round, next: judged(0.7, 0.93) }), []],
  ])('the reward alarm needs one witness: %s', (_, change, roles: string[]) => {
    const round = change(hacked());
    const check = {
      ...round.check!,
      judges: round.check!.judges.filter(({ role }) => role === 'miner' || roles.includes(role)),
    };
    expect(verdicts([{ ...round, check }]).reward).toBe('alarm');
  });

  it('a reward that rises without a second opinion is watched, and decided when the next discriminator is there', () => {
    const check = { ...healthy().check!, judges: healthy().check!.judges.slice(0, 1) };
    const round = { ...healthy(), check, next: null };
    expect(verdicts([round]).reward).toBe('watch');
    expect(verdicts([{ ...round, next: judged(0.66, 0.7) }]).reward).toBe('ok');
    expect(verdicts([{ ...round, next: judged(0.66, 0.93) }]).reward).toBe('alarm');
  });

  it('a simulator that is off in length, but comes nearer, is watched', () => {
    const check = measure(groups({ words: 14, vocabulary: 900 }), [], new WordRuns(8), options);
    expect(verdicts([{ ...healthy(), check }]).length).toBe('watch');
  });

  it('what is beyond a bound, but perhaps by chance, is watched, and says so', () => {
    const check = healthy().check!;
    const length = { ...check.length, after: { value: 0.71, low: 0.59, high: 0.84 } };
    const ttr = { ...check.ttr, step: { value: 0.93, low: 0.85, high: 1.02 } };
    const round = { ...healthy(), check: { ...check, length, ttr } };
    expect(verdicts([round])).toMatchObject({ length: 'watch', ttr: 'watch', bigrams: 'ok' });
    const told = alarmsOf([round], thresholds, FLOOR).filter(({ verdict }) => verdict === 'watch');
    for (const { text } of told) expect(text).toContain('its interval reaches across');
  });

  it('each keeps its course over the iterations, with its threshold', () => {
    const rounds = [
      healthy(),
      { ...hacked(), iteration: 1 },
      { ...healthy(), iteration: 2, check: null, dpo: null, pairs: null },
    ];
    const length = alarmsOf(rounds, thresholds, FLOOR).find(({ code }) => code === 'length');
    expect(length).toMatchObject({ from: 0.8, to: 1.25, verdict: 'alarm' });
    expect(length?.points.map(({ iteration, verdict }) => [iteration, verdict])).toEqual([
      [0, 'ok'],
      [1, 'alarm'],
      [2, 'unknown'],
    ]);
    expect(length?.points[1]?.low).toBeLessThanOrEqual(length?.points[1]?.value as number);
  });

  it('of too few pairs says how many are needed', () => {
    const [alarm] = alarmsOf([{ ...healthy(), pairs: 12 }], thresholds, FLOOR);
    expect(alarm).toMatchObject({
      code: 'pairs',
      verdict: 'alarm',
      text: '12 approved, fewer than 50 needed: it does not train',
    });
  });
});

test('a bootstrap interval is the same for the same seed, and as wide as theory says', () => {
  const values = Array.from({ length: 400 }, (_, at) => unit(deriveSeed(5, at)));
  const mean = (drawn: readonly number[]) => drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const made = bootstrap(values, mean, { draws: 2000, seed: 3 });
  expect(bootstrap(values, mean, { draws: 2000, seed: 3 })).toEqual(made);
  expect(bootstrap(values, mean, { draws: 2000, seed: 4 })).not.toEqual(made);
  expect(made.value).toBe(mean(values));
  // sd of a uniform number is sqrt(1/12); 1.96 standard errors of the mean of 400.
  const half = (1.96 * Math.sqrt(1 / 12)) / 20;
  expect((made.high - made.low) / 2).toBeGreaterThan(0.8 * half);
  expect((made.high - made.low) / 2).toBeLessThan(1.2 * half);
  expect(() => bootstrap([], mean, { draws: 1, seed: 1 })).toThrow(RangeError);
});

test('diversity at equal words looks at the first words alone', () => {
  const session = makeSession('x', ['one two three', 'Hm.', 'one two three four', 'Hm.', 'five']);
  expect(featuresAt(session, 3)).toEqual({ ttr: 1, bigrams: 1 });
  expect(featuresAt(session, 6)).toEqual({ ttr: 0.5, bigrams: 0.5 });
  expect(featuresAt(session, 100)?.ttr).toBe(5 / 8);
  expect(featuresAt(makeSession('y', ['...']), 3)).toBeNull();
});

test('a run of words is found again whatever its case and punctuation, and only as a whole', () => {
  const runs = new WordRuns(4);
  runs.add('I lost my job, last week.');
  expect(runs.find('well: "I LOST my job"')).toBe('i lost my job');
  expect(runs.find('i lost a job last week')).toBeNull();
  expect(runs.find('my job')).toBeNull();
  expect(overlapShare(['i lost my job', 'nothing', 'no', 'my job last week then'], runs)).toBe(0.5);
});

test('figures of a discriminator are read from what its stage wrote; anything else is none', () => {
  expect(judged(0.7, 0.8)).toEqual({
    own: { 'all turns': { accuracy: 0.7, low: expect.closeTo(0.65), high: 0.75, n: 80 } },
    beside: { 'bag of words (user)': { 'all turns': { accuracy: 0.8, low: null, high: null, n: null } } },
    ...{ verdict: null, reported_on: null },
  });
  expect(judgedFigures(null)).toBeNull();
  expect(judgedFigures({ loss: 1 })).toBeNull();
});
