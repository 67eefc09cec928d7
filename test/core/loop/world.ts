import { FakeTurnJournal } from '../../../src/backends/fake/journal.ts';
import { FakeLoopStore } from '../../../src/backends/fake/loops.ts';
import { FakeChatModel, FakeDiscriminator } from '../../../src/backends/fake/models.ts';
import { FakeLauncher, FakeRunStore, FakeTrainer, fileOf } from '../../../src/backends/fake/runs.ts';
import { FakePairStore, FakeSessionStore } from '../../../src/backends/fake/stores.ts';
import { readStageTable } from '../../../src/backends/training/table.ts';
import { FoilError } from '../../../src/core/errors.ts';
import type { ChatModel, GenerateRequest } from '../../../src/core/ports.ts';
import { runLoop } from '../../../src/core/workflows/loop/loop.ts';
import { readLoop } from '../../../src/core/workflows/loop/read.ts';
import { type LoopSettings, loopSchema } from '../../../src/core/workflows/loop/settings.ts';
import type { Extent, LoopEvent, LoopPorts } from '../../../src/core/workflows/loop/types.ts';
import { seedOf, unit } from '../../../src/core/workflows/seed.ts';
import { keyOf, type TurnRecord } from '../../../src/core/workflows/simulate/journal.ts';
import { makeSession } from '../../fixtures/sessions.ts';

/** The process is gone: no FoilError, and nothing that it does from now on has an effect. */
export class Killed extends Error {}

/** All that outlives a process: what is on the disk, and jobs that run by themselves. */
export class Disk {
  readonly sessions = new FakeSessionStore();
  readonly pairs = new FakePairStore();
  readonly runs = new FakeRunStore();
  readonly launcher = new FakeLauncher();
  readonly loops = new FakeLoopStore();
  readonly turns = new Map<string, TurnRecord[]>();
  /** Whether a job that is waited for fails, by the name of its model. */
  readonly failing = new Set<string>();
  trainer!: FakeTrainer;
  /** Things whose content was changed by somebody, with what it is now. */
  readonly touched = new Map<string, string>();
  generated = 0;
  time = Date.UTC(2026, 0, 1);
  ids = 0;

  static async make(changes: Record<string, unknown> = {}): Promise<Disk> {
    const disk = new Disk();
    disk.trainer = new FakeTrainer(disk.runs, await readStageTable());
    const real = (id: string) =>
      makeSession(
        id,
        [
          'my boss shouted at me again today',
          'Tell me more.',
          'i do not know what to do',
          'I see.',
          `thanks from ${id}`,
        ],
        {
          context: { ...makeSession('x').context, current_summary: `about ${id}` },
        },
      );
    await disk.sessions.append('train', ['a', 'b', 'c'].map(real));
    await disk.sessions.append('valid', ['v', 'w'].map(real));
    await disk.loops.create(settings(changes));
    return disk;
  }

  /** Adopted models, once each. */
  get models(): string[] {
    return [...new Set(this.trainer.adopted.map((line) => line.split(' ')[1] as string))];
  }

  /** Jobs do their work while somebody waits. */
  work(): void {
    for (const { id } of this.launcher.jobs) {
      if (this.launcher.reports.get(id)?.state !== 'running') continue;
      const { stage, name } = this.runs.records.get(id)!;
      if (this.failing.has(name)) {
        this.launcher.become(id, { state: 'failed', code: 1 });
        continue;
      }
      const step = { t: 1, event: 'step', step: 1, steps: 1, loss: 0.5, 'rewards/chosen': 0.2, 'rewards/rejected': -1 };
      this.runs.disk.write(fileOf(id, 'events'), `${JSON.stringify(step)}\n`);
      const at = (accuracy: number) => ({
        'all turns': { accuracy, accuracy_95: [accuracy - 0.1, accuracy + 0.1], n: 40 },
      });
      const metrics = { per_turn: at(0.7), beside: { 'bag of words (user)': { per_turn: at(0.8) } }, verdict: 'ahead' };
      if (stage === 'discriminator') this.runs.disk.write(`${id}/output/metrics.json`, JSON.stringify(metrics));
      this.launcher.become(id, { state: 'done', code: 0, ended: '2026-01-01T00:10:00.000Z' });
    }
  }
}

export function settings(changes: Record<string, unknown> = {}): LoopSettings {
  return loopSchema.parse({
    ...{ schema: 1, name: 'demo', created: '2026-01-01T00:00:00Z', simulator: 'it0', chatbots: ['bot'] },
    ...{
      contexts: { train: 'train', valid: 'valid' },
      iterations: 1,
      judge_last: false,
      per_context: 1,
      max_user_turns: 3,
    },
    ...{ review: { by: 'rule' }, dpo: { floor: 1 }, check: { contexts: 2, draws: 20 }, mine: { n: 3 } },
    ...changes,
  });
}

const UNBREAKABLE: Use = { before: () => 0, after: () => {} };

const VOCABULARY = 'tea rain work night friend cold song bread train door letter garden money sleep dog'.split(' ');

/** Some words that the seed gives. */
function talk(seed: number): string {
  return Array.from({ length: 6 }, (_, at) => VOCABULARY[seedOf(`${seed} ${at}`) % VOCABULARY.length]).join(' ');
}

/** The ports of one process. `killAt` ends it when its n-th use of the world has had its effect. */
export function processOn(disk: Disk, killAt: number | null = null) {
  const life = { uses: 0, dead: false };
  // Before a use is after the one before it: to die after each is to die everywhere.
  const die = () => {
    life.dead = true;
    // The system gives locks of the dead back.
    disk.loops.journals.held.clear();
    throw new Killed(`killed after use ${killAt}`);
  };
  const breaking: Use = {
    before: () => {
      if (life.dead) throw new Killed('dead');
      life.uses += 1;
      return life.uses;
    },
    after: (which: number) => {
      if (life.dead) throw new Killed('dead');
      if (which === killAt) die();
    },
  };
  const use = killAt === null ? UNBREAKABLE : breaking;
  const own = <T extends object>(target: T) => breakable(target, use);
  const { runs, launcher, trainer, sessions, pairs, loops } = disk;
  const launchers = { names: ['local'], open: async (name: string) => own(await launcher.open(name)) };
  const known = (name: string) => ['it0', 'bot', 'old'].includes(name) || disk.models.includes(name);
  const chat = (name: string) =>
    asked(
      new FakeChatModel(name, ({ seed, messages }, index) => {
        if (index === 0) disk.generated += 1;
        const text = talk(seed + index);
        return name !== 'bot' && messages.length > 4 ? `${text}<end>` : text;
      }),
      use,
    );
  const judge = (name: string) =>
    own(new FakeDiscriminator(name, (messages) => 4 * unit(seedOf(`${name} ${messages.at(-1)?.content}`)) - 2));
  const models = {
    list: async () => [],
    chatModel: async (name: string) => (known(name) ? chat(name) : missing(name)),
    discriminator: async (name: string) => (known(name) ? judge(name) : missing(name)),
  };
  const clock = {
    now: () => {
      disk.time += 1000;
      return new Date(disk.time);
    },
    sleep: async (_: number, stop: AbortSignal) => {
      stop.throwIfAborted();
      disk.work();
    },
  };
  const newId = (prefix: string) => `${prefix}-${++disk.ids}`;
  const ports: LoopPorts = {
    ...{ models: own(models), sessions: own(sessions), pairs: own(pairs), clock, newId },
    runs: { runs: own(runs), trainer: own(trainer), launchers, models: own(models), clock, newId },
    loops: own({
      list: async () => await loops.list(),
      load: async (name: string) => await loops.load(name),
      create: async (made: LoopSettings) => await loops.create(made),
      read: async (name: string) => await loops.read(name),
      held: async (name: string) => await loops.held(name),
      holder: async (name: string) => await loops.holder(name),
      hold: async (name: string) => own(await loops.hold(name)),
    }),
    contentHash: async ({ kind, name }) => {
      const touched = disk.touched.get(name);
      if (touched !== undefined) return touched;
      if (kind !== 'corpus') return known(name) ? `hash of ${name}` : null;
      if (!(await sessions.corpora()).some((corpus) => corpus.name === name)) return null;
      const all = [];
      for await (const { id, turns } of sessions.stream(name)) all.push([id, turns]);
      return keyOf(all);
    },
    validation: async (name) => ({ per_turn: { 'all turns': { accuracy: name === 'old' ? 0.66 : 0.5 } } }),
    chatbots: async (names) => names.map((name) => ({ model: chat(name), config: null })),
    apart: null,
    turnJournal: async (corpus) => {
      const which = use.before();
      const journal = new FakeTurnJournal(disk.turns.get(corpus));
      disk.turns.set(corpus, journal.kept);
      const append = async (record: TurnRecord) => {
        await journal.append(record);
      };
      const close = async (inCorpus: (session: string) => boolean) => {
        await journal.close(inCorpus);
        disk.turns.set(corpus, journal.kept);
      };
      use.after(which);
      return own({ records: journal.records, append, close });
    },
    sessionIds: async (corpus) => {
      const ids = new Set<string>();
      for await (const { id } of sessions.stream(corpus)) ids.add(id);
      return ids;
    },
  };
  return { ports, life };
}

/** A model whose reply is one use, however many pieces it comes in. */
function asked(model: FakeChatModel, use: Use): ChatModel {
  return Object.assign(Object.create(model), {
    async *generate(request: GenerateRequest, signal: AbortSignal) {
      const which = use.before();
      const reply = await Array.fromAsync(model.generate(request, signal));
      use.after(which);
      yield* reply;
    },
  });
}

function missing(name: string): never {
  throw new FoilError('unknown-model', `no model is called "${name}"`);
}

interface Use {
  /** @returns which use it is. */
  before(): number;
  after(which: number): void;
}

/** The same object, each method of which is one use of the world, and each item of a stream another. */
function breakable<T extends object>(target: T, use: Use): T {
  return new Proxy(target, {
    get(of, key) {
      const value = Reflect.get(of, key, of) as unknown;
      if (typeof value !== 'function') return value;
      const method = value as (...args: unknown[]) => unknown;
      if (method.constructor.name === 'AsyncGeneratorFunction') {
        return (...args: unknown[]) => broken(method.apply(of, args) as AsyncGenerator<unknown, unknown>, use);
      }
      if (method.constructor.name !== 'AsyncFunction') return method.bind(of);
      return async (...args: unknown[]) => {
        const which = use.before();
        try {
          return await method.apply(of, args);
        } finally {
          use.after(which);
        }
      };
    },
  });
}

async function* broken(stream: AsyncGenerator<unknown, unknown>, use: Use): AsyncGenerator<unknown, unknown> {
  for (;;) {
    const which = use.before();
    const next = await stream.next();
    use.after(which);
    if (next.done) return next.value;
    yield next.value;
  }
}

/** Runs the loop in a process of its own, which ends at its use `killAt` of the world. */
export async function go(disk: Disk, extent: Extent = 'all', killAt: number | null = null) {
  const { ports, life } = processOn(disk, killAt);
  const events: LoopEvent[] = [];
  let error: unknown = null;
  try {
    for await (const event of runLoop(ports, 'demo', extent, new AbortController().signal)) events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  return { events, error, uses: life.uses };
}

/** The loop as another process finds it. */
export const look = async (disk: Disk) => await readLoop(processOn(disk).ports, 'demo');

/** What began and ended, in order. */
export const kinds = (events: readonly LoopEvent[]) =>
  events
    .filter(({ type }) => type === 'begin' || type === 'end')
    .map((event) => ('stage' in event ? `${event.type} ${event.stage}` : ''));

export const ALL = ['simulate', 'discriminator', 'score', 'mine', 'review', 'dpo', 'check'];
