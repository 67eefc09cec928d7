import { expect, it } from 'vitest';
import { FakeEncoder, FakeVectors } from '../../../src/backends/fake/encoder.ts';
import { FakeEvaluationStore } from '../../../src/backends/fake/evaluations.ts';
import { FakeRegistry } from '../../../src/backends/fake/models.ts';
import { FakeSessionStore } from '../../../src/backends/fake/stores.ts';
import { FoilError } from '../../../src/core/errors.ts';
import { reportHtml } from '../../../src/core/evaluate/render/report.ts';
import type { Estimate } from '../../../src/core/evaluate/table.ts';
import { evaluate } from '../../../src/core/workflows/evaluate/evaluate.ts';
import { commandOf, type EvaluationSpec, specSchema, WORDS } from '../../../src/core/workflows/evaluate/spec.ts';
import type { EvaluateEvent, EvaluatePorts } from '../../../src/core/workflows/evaluate/types.ts';
import { evaluationView } from '../../../src/core/workflows/evaluate/view.ts';
import { makeSession } from '../../fixtures/make.ts';

const TOPICS = ['boss', 'dog', 'exam', 'money'];
/** Both sides say the same of it. */
const SAME = 'sleep';
/** Synonyms are one direction, and words by which a side is told another: what TF-IDF cannot see. */
const MEANING: Readonly<Record<string, number>> = {
  chief: 0,
  boss: 0,
  hound: 1,
  dog: 1,
  test: 2,
  exam: 2,
  cash: 3,
  money: 3,
};
const OTHER: Readonly<Record<string, string>> = { boss: 'chief', dog: 'hound', exam: 'test', money: 'cash' };
const vectorOf = (text: string) => {
  const out = [0, 0, 0, 0, 0.1];
  for (const word of text.split(/\s+/u)) if (word in MEANING) out[MEANING[word] as number] = 1;
  return out;
};

async function world() {
  const sessions = new FakeSessionStore();
  const about = (of: string) => ({ origin: { simulator: 'sim', chatbot: 'bot' }, meta: { context_of: of } });
  await sessions.append('people', [
    ...TOPICS.map((of) => makeSession(of, [`well it is ${of}`, '   ', 'again'])),
    makeSession(SAME, ['no sleep']),
  ]);
  await sessions.append('made', [
    ...TOPICS.map((of) => makeSession(`sim.bot.${of}.0`, [`I feel ${OTHER[of]} hurts me`, 'again'], about(of))),
    makeSession(`sim.bot.${SAME}.0`, ['no sleep'], about(SAME)),
  ]);
  const opened = { encoder: new FakeEncoder(vectorOf), store: new FakeVectors(), opening: 0 };
  const evaluations = new FakeEvaluationStore();
  const ports: EvaluatePorts = {
    ...{ sessions, evaluations, foil: '0.0.0', hash: (text: string) => text, models: new FakeRegistry({}) },
    clock: { now: () => new Date(0), sleep: () => Promise.resolve() },
    contentHash: async (_, name) => `${name}-1`,
    sitting: () => Promise.reject(new Error('no sitting')),
    learntFrom: async () => [],
    annotator: () => Promise.reject(new Error('no annotator')),
    encoders: [WORDS, 'scripted'],
    async encoder(name) {
      if (name !== 'scripted') throw new FoilError('unknown-encoder', `no "${name}"`, { remedy: 'name another' });
      opened.opening += 1;
      return { encoder: opened.encoder, vectors: async () => opened.store };
    },
  };
  return { ports, evaluations, opened };
}

const specOf = (more: Partial<EvaluationSpec> = {}): EvaluationSpec =>
  specSchema.parse({
    ...{
      schema: 1,
      name: 'try',
      real: 'people',
      simulated: ['made'],
      draws: 100,
      metrics: ['linguistic', 'embedding'],
    },
    ...more,
  });

async function run(ports: EvaluatePorts, spec: EvaluationSpec) {
  const events: EvaluateEvent[] = [];
  for await (const event of evaluate(ports, { spec, command: commandOf(spec) }, new AbortController().signal))
    events.push(event);
  const of = <T extends EvaluateEvent['type']>(type: T) =>
    events.filter((event): event is Extract<EvaluateEvent, { type: T }> => event.type === type);
  const found = of('exhibit').find(({ exhibit }) => exhibit.id === 'nearest-sessions');
  const table = found?.exhibit.type === 'table' ? found.exhibit : null;
  const rates = (key: string) => table?.rows.map(({ cells }) => (cells[key] as Estimate).value);
  return { of, kept: found?.kept, notes: table?.notes.join('\n') ?? '', rates };
}

it('is words where a spec says nothing: no encoder is opened, and none stands among what is read', async () => {
  const { ports, opened } = await world();
  expect(specOf().encoder).toBe('words');
  expect(commandOf(specOf())).not.toContain('--encoder');
  const { notes, of } = await run(ports, specOf());
  expect(notes).toContain('no sentence encoder');
  expect(of('begin')[0]?.begin.inputs.map(({ kind }) => kind)).not.toContain('encoder');
  expect(opened.opening).toBe(0);
});

it('embeds each text once, and finds the same context where words do not', async () => {
  const { ports, opened, evaluations } = await world();
  const words = await run(ports, specOf());
  const { rates, notes, of } = await run(ports, specOf({ encoder: 'scripted' }));
  expect(words.rates('context')).toEqual([0.2, 0.2]);
  expect(rates('context')).toEqual([1, 1]);
  expect(opened.encoder.asked.toSorted()).toEqual(
    [
      'no sleep',
      ...TOPICS.flatMap((of) => [`well it is ${of}\nagain`, `I feel ${OTHER[of]} hurts me\nagain`]),
    ].toSorted(),
  );
  expect(notes).toMatch(/scripted vectors\. It reads the first 50 messages in windows/u);
  expect(of('progress').map(({ text, done, of: all }) => [text, done, all])).toContainEqual([
    'scripted embeds sessions',
    9,
    9,
  ]);
  expect(of('begin')[0]?.begin.inputs.at(-1)).toMatchObject({
    kind: 'encoder',
    name: 'scripted',
    role: 'scripted vectors',
  });
  const view = evaluationView(evaluations.journals.records.get('try') ?? []);
  if (!view) throw new Error('it ran');
  expect(reportHtml(view, new Map())).toMatch(/<th scope="row">scripted<\/th><td>encoder, scripted vectors<\/td>/u);
  expect(commandOf(specOf({ encoder: 'scripted' }))).toContain('--encoder scripted');
});

it('is kept under what decides its vectors, which are not asked for again', async () => {
  const { ports, opened } = await world();
  const spec = specOf({ encoder: 'scripted' });
  expect((await run(ports, spec)).kept).toBe(false);
  expect((await run(ports, spec)).kept).toBe(true);
  expect((await run(ports, { ...spec, seed: 2 })).kept).toBe(false);
  expect(opened.encoder.asked).toHaveLength(9);
  opened.encoder = new FakeEncoder(vectorOf, '2');
  opened.store = new FakeVectors();
  expect((await run(ports, spec)).kept).toBe(false);
  expect(opened.encoder.asked).toHaveLength(9);
});

it('goes on where an encoder broke off, with what it had given', async () => {
  const { ports, opened } = await world();
  const broken = new FoilError('no-python-env', 'it is not built', { remedy: 'foil setup train' });
  opened.encoder = new FakeEncoder((text) => (text.includes('chief') ? broken : vectorOf(text)));
  const spec = specOf({ encoder: 'scripted' });
  const { of } = await run(ports, spec);
  expect(of('missing')).toMatchObject([
    { metric: 'embedding', reason: 'it is not built', remedy: ['foil setup train'] },
  ]);
  expect(of('exhibit').map(({ metric }) => metric)).toContain('linguistic');
  const before = opened.encoder.asked.length;
  expect(before).toBeGreaterThan(0);
  opened.encoder = new FakeEncoder(vectorOf);
  expect((await run(ports, spec)).kept).toBe(false);
  expect(opened.encoder.asked).toHaveLength(9 - before);
});

it('says why in its place where the encoder cannot be had, or its vectors are of two sizes', async () => {
  const { ports, opened } = await world();
  const unknown = await run(ports, specOf({ encoder: 'nobody' }));
  expect(unknown.of('missing')).toMatchObject([
    { metric: 'embedding', reason: 'no "nobody"', remedy: ['name another'] },
  ]);
  expect(unknown.of('begin')[0]?.begin.inputs.at(-1)).toMatchObject({ name: 'nobody', role: 'that could not be had' });
  opened.store.known.set('no sleep', Float32Array.of(1, 2));
  const { of } = await run(ports, specOf({ encoder: 'scripted' }));
  expect(of('missing')[0]?.reason).toContain('different sizes');
});
