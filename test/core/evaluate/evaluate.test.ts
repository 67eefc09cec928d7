import { expect, it } from 'vitest';
import { FakeAnnotations, FakeAnnotator } from '../../../src/backends/fake/annotator.ts';
import { FakeEvaluationStore } from '../../../src/backends/fake/evaluations.ts';
import { FakeDiscriminator, FakeRegistry } from '../../../src/backends/fake/models.ts';
import { FakeSessionStore } from '../../../src/backends/fake/stores.ts';
import { FoilError } from '../../../src/core/errors.ts';
import type { Session } from '../../../src/core/session/schema.ts';
import { evaluate } from '../../../src/core/workflows/evaluate/evaluate.ts';
import { cutTurns } from '../../../src/core/workflows/evaluate/sides.ts';
import { commandOf, type EvaluationSpec, specSchema } from '../../../src/core/workflows/evaluate/spec.ts';
import type { EvaluateEvent, EvaluatePorts } from '../../../src/core/workflows/evaluate/types.ts';
import { evaluationView } from '../../../src/core/workflows/evaluate/view.ts';
import { aboutOf, sessionOf, smallTaxonomy } from './annotated.ts';

const CONTEXTS = ['p1', 'p2', 'p3', 'p4'];
const real = (id: string) => sessionOf(id, [`we fought over ${id}`, 'and then?', 'he went away again', 'oh'], {});
const made = (
  simulator: string,
  of: string,
  texts = [`i am sad about ${of}`, 'why?', 'i am sad', 'why?', 'sad', 'oh'],
): Session =>
  sessionOf(`${simulator}.bot.${of}.0`, texts, { origin: { simulator, chatbot: 'bot' }, meta: { context_of: of } });

/** A world of four people, one of whom nobody simulated, and a judge that knows who is sad. */
async function world() {
  const sessions = new FakeSessionStore();
  await sessions.append('people', [...CONTEXTS.map(real), real('p5')]);
  await sessions.append(
    'a',
    CONTEXTS.slice(0, 2).map((of) => made('sim-it0', of)),
  );
  await sessions.append(
    'b',
    CONTEXTS.slice(2).map((of) => made('sim-it0', of)),
  );
  await sessions.append(
    'c',
    CONTEXTS.map((of) => made('sim-it1', of, [`it is ${of} again`, 'why?'])),
  );
  await sessions.append('train', [real('t1'), real('t2')]);
  const asked: string[] = [];
  const judge = new FakeDiscriminator('disc-it0', (messages) => {
    const said = messages.map(({ content }) => content).join(' ');
    asked.push(said);
    return said.includes('sad') ? -2 : 2;
  });
  const hashes = new Map(['people', 'a', 'b', 'c', 'train'].map((name) => [name, `${name}-1`]));
  const evaluations = new FakeEvaluationStore();
  const ports: EvaluatePorts = {
    ...{ sessions, evaluations, foil: '0.0.0', hash: (text: string) => text },
    models: new FakeRegistry({ discriminators: [judge] }),
    clock: { now: () => new Date(0), sleep: () => Promise.resolve() },
    contentHash: async (_, name) => hashes.get(name) ?? null,
    sitting: (name: string) => Promise.reject(new FoilError('unknown-sitting', `there is no sitting "${name}"`)),
    learntFrom: async () => [],
    encoders: ['words'],
    encoder: () => Promise.reject(new Error('no encoder is asked for here')),
    annotator: async (task, name) => {
      if (name !== 'rules') throw new FoilError('unknown-model', `no model "${name}"`, { remedy: 'name another' });
      const annotator = new FakeAnnotator(smallTaxonomy(task), ({ session, turn }) => [
        { turn: turn ?? session.turns.findIndex(({ role }) => role === 'assistant'), categories: ['a'] },
      ]);
      return { annotator, store: new FakeAnnotations(), about: aboutOf(task) };
    },
  };
  return { ports, sessions, evaluations, asked, hashes };
}

const specOf = (more: Partial<EvaluationSpec> = {}): EvaluationSpec =>
  specSchema.parse({
    ...{ schema: 1, name: 'try', real: 'people', simulated: ['a', 'b'], discriminators: ['disc-it0'], draws: 100 },
    ...more,
  });

async function run(ports: EvaluatePorts, spec: EvaluationSpec, signal = new AbortController().signal) {
  const events: EvaluateEvent[] = [];
  for await (const event of evaluate(ports, { spec, command: commandOf(spec) }, signal)) events.push(event);
  const of = <T extends EvaluateEvent['type']>(type: T) =>
    events.filter((event): event is Extract<EvaluateEvent, { type: T }> => event.type === type);
  return { events, of, exhibits: of('exhibit'), missing: of('missing'), notices: of('notice').map(({ text }) => text) };
}

it('groups sessions by their simulator, keeps to shared contexts, and names the corpus of each session behind a figure', async () => {
  const { ports } = await world();
  const { of, exhibits, notices } = await run(ports, specOf({ simulated: ['a', 'b', 'c'], metrics: ['linguistic'] }));
  expect(of('begin')[0]?.begin.sides).toMatchObject([
    { name: 'real', kind: 'real', corpora: ['people'], sessions: 4, contexts: 4 },
    { name: 'sim-it0', kind: 'simulated', corpora: ['a', 'b'], sessions: 4, chatbots: ['bot'] },
    { name: 'sim-it1', corpora: ['c'], sessions: 4 },
  ]);
  expect(notices).toEqual([expect.stringContaining('1 of 5 sessions of real')]);
  const table = exhibits.map(({ exhibit }) => exhibit).find(({ id }) => id === 'linguistic-features');
  if (table?.type !== 'table') throw new Error('a table');
  expect(table.rows.map(({ key }) => key)).toEqual(['real', 'sim-it0', 'sim-it1']);
  expect(table.rows[1]?.behind.map(({ corpus, sessions }) => [corpus, sessions?.length])).toEqual([
    ['a', 2],
    ['b', 2],
  ]);
  // the paper's counterpart of it0 and it1, and none of the rest
  expect(table.rows.map(({ reported }) => reported?.['ttr'])).toEqual([0.483, 0.382, 0.471]);
});

it('scores what has no scores, keeps them, and asks for none of them again', async () => {
  const { ports, sessions, asked } = await world();
  const { exhibits } = await run(ports, specOf({ metrics: ['discriminators'] }));
  expect(asked).toHaveLength(4 * 2 + 4 * 3);
  expect(sessions.scores.get('a')?.map(({ session, z }) => [session, z])).toContainEqual([
    'sim-it0.bot.p1.0',
    [-2, -2, -2],
  ]);
  const table = exhibits[0]?.exhibit;
  if (table?.type !== 'table') throw new Error('a table');
  expect(table.rows[0]?.cells['all_accuracy']).toMatchObject({ value: 1, n: 20 });
  // trained on it by name: the paper's Table 2 stands beside it
  expect(table.rows[0]?.reported).not.toBeNull();
  const again = await run(ports, specOf({ metrics: ['discriminators', 'calibration'] }));
  expect(asked).toHaveLength(20);
  expect(again.exhibits.map(({ metric, kept }) => [metric, kept])).toEqual(
    expect.arrayContaining([
      ['discriminators', true],
      ['calibration', false],
    ]),
  );
});

it('without leave to score, says what is missing in its place and goes on', async () => {
  const { ports, asked } = await world();
  const { missing, notices, exhibits } = await run(
    ports,
    specOf({ score: false, metrics: ['linguistic', 'discriminators'] }),
  );
  expect(asked).toEqual([]);
  expect(notices).toContainEqual(expect.stringContaining('8 sessions have no scores by disc-it0'));
  expect(missing).toMatchObject([{ metric: 'discriminators', title: 'Discriminators' }]);
  expect(exhibits.length).toBeGreaterThan(0);
});

it('goes on past a discriminator and an annotator that cannot be had, and tries them again', async () => {
  const { ports } = await world();
  const spec = specOf({
    discriminators: ['nobody', 'disc-it0'],
    annotators: { actions: 'a judge that is gone', issues: 'rules' },
    metrics: ['actions', 'issues', 'discriminators'],
  });
  const { missing, notices, exhibits, of } = await run(ports, spec);
  expect(missing.map(({ metric }) => metric)).toEqual(['actions']);
  expect(notices.join('\n')).toMatch(/nobody could not score[\s\S]*a judge that is gone: no model/u);
  expect(new Set(exhibits.map(({ metric }) => metric))).toEqual(new Set(['discriminators', 'issues']));
  expect(of('done')).toMatchObject([{ computed: 2, kept: 0, missing: 1 }]);
  const fixed = await run(ports, { ...spec, annotators: { actions: 'rules', issues: 'rules' } });
  expect(fixed.missing).toEqual([]);
  expect(fixed.exhibits.filter(({ kept }) => !kept).map(({ metric }) => metric)).toContain('actions');
});

it('computes again only what a change decides', async () => {
  const { ports, hashes } = await world();
  const metrics = ['linguistic', 'actions', 'memorisation'];
  const keptOf = ({ exhibits }: Awaited<ReturnType<typeof run>>) =>
    Object.fromEntries(exhibits.map(({ metric, kept }) => [metric, kept]));
  expect(keptOf(await run(ports, specOf({ metrics, training: 'train' })))).toEqual({
    linguistic: false,
    actions: false,
    memorisation: false,
  });
  expect(keptOf(await run(ports, specOf({ metrics, training: 'train' })))).toEqual({
    linguistic: true,
    actions: true,
    memorisation: true,
  });
  hashes.set('train', 'train-2');
  expect(keptOf(await run(ports, specOf({ metrics, training: 'train' })))).toEqual({
    linguistic: true,
    actions: true,
    memorisation: false,
  });
  expect(keptOf(await run(ports, specOf({ metrics, training: 'train', seed: 2 })))).toEqual({
    linguistic: false,
    actions: false,
    memorisation: false,
  });
  hashes.set('a', 'a-2');
  expect(keptOf(await run(ports, specOf({ metrics, training: 'train' })))).toEqual({
    linguistic: false,
    actions: false,
    memorisation: false,
  });
});

it('has each exhibit in its journal before it tells it, and goes on after a stop', async () => {
  const { ports, evaluations } = await world();
  const stop = new AbortController();
  const spec = specOf({ metrics: ['linguistic', 'actions'] });
  const told: string[] = [];
  const work = async () => {
    for await (const event of evaluate(ports, { spec, command: '' }, stop.signal)) {
      if (event.type !== 'exhibit') continue;
      const records = await evaluations.read('try');
      const record = records.findLast(({ type }) => type === 'exhibits');
      if (record?.type !== 'exhibits') throw new Error('it is told before it is kept');
      expect(record.exhibits.map(({ id }) => id)).toContain(event.exhibit.id);
      told.push(event.metric);
      stop.abort();
    }
  };
  await expect(work()).rejects.toMatchObject({ name: 'AbortError' });
  expect(new Set(told)).toEqual(new Set(['linguistic']));
  expect(evaluations.journals.held.size).toBe(0);
  const cut = evaluationView(await evaluations.read('try'));
  expect(cut?.end).toBeNull();
  expect(cut?.sections.map(({ state }) => state)).toEqual(['exhibits', 'pending']);
  const { exhibits } = await run(ports, spec);
  expect(exhibits.filter(({ metric }) => metric === 'linguistic').every(({ kept }) => kept)).toBe(true);
  const view = evaluationView(await evaluations.read('try'));
  expect(view?.sections.map(({ state }) => state)).toEqual(['exhibits', 'exhibits']);
  expect(view?.end).not.toBeNull();
});

it('reads both sides equally far when asked to, and scores sessions whole all the same', async () => {
  const { ports, sessions } = await world();
  const { exhibits } = await run(ports, specOf({ turns: 'equal', metrics: ['linguistic', 'discriminators'] }));
  const table = exhibits.map(({ exhibit }) => exhibit).find(({ id }) => id === 'lengths');
  if (table?.type !== 'table') throw new Error('a table');
  const turns = table.rows.map(
    ({ cells }) => Object.entries(cells).find(([key]) => key.startsWith('userTurns') || key.startsWith('turns'))?.[1],
  );
  expect(turns).toMatchObject([{ value: 2 }, { value: 2 }]);
  expect(sessions.scores.get('a')?.every(({ z }) => z.length === 3)).toBe(true);
});

it('cuts a session after a user turn, with its scores', () => {
  const session = made('s', 'p1');
  const scored = { ...session, scores: { d: { z: [1, 2, 3], logit_p0: 0, template: 't', engine: 'e' } } };
  const cut = cutTurns(scored, 2);
  expect(cut.turns.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(cut.scores?.['d']?.z).toEqual([1, 2]);
  expect(cutTurns(scored, 3)).toBe(scored);
});

it('refuses an unknown metric, the same corpus on both sides, and a side without sessions', async () => {
  const { ports } = await world();
  await expect(run(ports, specOf({ metrics: ['linguistics'] }))).rejects.toMatchObject({
    code: 'unknown-metric',
    remedy: [expect.stringContaining('"linguistic"'), expect.anything()],
  });
  await expect(run(ports, specOf({ simulated: ['people'] }))).rejects.toMatchObject({ code: 'bad-evaluation' });
  await expect(run(ports, specOf({ simulators: ['sim-it9'] }))).rejects.toMatchObject({ code: 'no-sessions' });
});

it('says why there is no correlation over too few chatbots', async () => {
  const { ports } = await world();
  const { missing } = await run(ports, specOf({ metrics: ['validity', 'faults'] }));
  expect(missing[0]?.reason).toMatch(/needs 3 that all sides talked to, and there are 0/u);
  expect(missing[1]?.reason).toMatch(/no chatbot .* was broken on purpose/u);
});

it('compares chatbots that both sides talked to, and those that were broken with what they are made of', async () => {
  const { ports, sessions } = await world();
  const bots = ['b1', 'b2', 'b3'];
  const talked = bots.flatMap((bot) =>
    CONTEXTS.map((of) => ({ ...real(`${bot}-${of}`), meta: { assistant_model: bot } })),
  );
  await sessions.append('many', talked);
  await sessions.append(
    'sims',
    talked.map(({ id, meta: { assistant_model: chatbot } }) => {
      const session = made('sim-it0', id);
      // as `foil simulate` says how a chatbot was made; b1 and b3 are models as they are
      const how = chatbot === 'b2' ? { chatbot: { model: 'b1', about: 'sulks', broken: { repeats: 0.5 } } } : {};
      return {
        ...session,
        origin: { simulator: 'sim-it0', chatbot: String(chatbot) },
        meta: { ...session.meta, ...how },
      };
    }),
  );
  const ab = [{ name: 'b1 or b2', control: 'b1', treatment: 'b2' }];
  const spec = specOf({ real: 'many', simulated: ['sims'], ab, metrics: ['validity', 'ab', 'faults', 'rare'] });
  const { exhibits, missing } = await run(ports, spec);
  expect(missing).toEqual([]);
  const table = (id: string) => {
    const found = exhibits.map(({ exhibit }) => exhibit).find((exhibit) => exhibit.id === id);
    if (found?.type !== 'table') throw new Error(`no table ${id}`);
    return found;
  };
  // every real session has an issue in one of two messages, every simulated one in one of three
  expect(table('ranking-issue').rows).toHaveLength(3);
  expect(table('ab-replication').rows[0]?.cells).toMatchObject({
    sim_control: { value: 1 / 3 },
    real_control: { value: 1 / 2 },
    real_treatment: { value: 1 / 2 },
  });
  expect(table('power').rows.length).toBeGreaterThan(0);
  expect(table('faults').rows.map(({ group, key }) => [group, key])).toContainEqual(['broken', 'b2']);
  expect(table('faults').rows.at(-1)?.cells).toMatchObject({ 'sim-it0 more': { value: 0 }, about: 'sulks' });
  expect(exhibits.map(({ exhibit }) => exhibit.id)).toContain('rare-actions');
});
