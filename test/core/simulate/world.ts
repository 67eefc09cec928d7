import { FakeTurnJournal } from '../../../src/backends/fake/journal.ts';
import { FakeChatModel, type Script } from '../../../src/backends/fake/models.ts';
import { type Session, sessionSchema } from '../../../src/core/session/schema.ts';
import type { SimulationControl } from '../../../src/core/workflows/simulate/control.ts';
import type { TurnRecord } from '../../../src/core/workflows/simulate/journal.ts';
import { simulate } from '../../../src/core/workflows/simulate/simulate.ts';
import type { SimulateEvent, SimulateRequest } from '../../../src/core/workflows/simulate/types.ts';

export function context(id: string, first: 'user' | 'assistant' = 'user'): Session {
  return sessionSchema.parse({
    id,
    context: { current_summary: `about ${id}` },
    turns: [{ role: first, content: 'not to be seen by any model' }],
    meta: { outcome: { final: 1 }, license: 'CC BY-NC 4.0', split: 'train' },
  });
}

/** Says the seed, and ends where its prompt has more than four messages. */
export const bySeed: Script = ({ seed, messages }) => (messages.length > 4 ? `bye ${seed}<end>` : `user ${seed}`);
export const botBySeed: Script = ({ seed, messages }) => `bot ${seed} after ${messages.length}`;

export interface WorldOptions extends Partial<Omit<SimulateRequest, 'simulator' | 'chatbots' | 'done'>> {
  readonly sim?: Script;
  readonly bot?: Script;
  readonly bots?: readonly string[];
  readonly delayMs?: number;
  readonly done?: readonly string[];
  readonly left?: readonly TurnRecord[];
  readonly control?: SimulationControl;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SimulateEvent) => void;
  readonly append?: (sessions: readonly Session[]) => Promise<void>;
}

/** A whole run over scripted models, with what it wrote. Sessions must be readable as a corpus. */
export async function run(options: WorldOptions = {}) {
  const simulator = new FakeChatModel('sim', options.sim ?? bySeed, { delayMs: options.delayMs ?? 0 });
  const chatbots = (options.bots ?? ['bot']).map(
    (name) => new FakeChatModel(name, options.bot ?? botBySeed, { system: 'Help.', delayMs: options.delayMs ?? 0 }),
  );
  const journal = new FakeTurnJournal(options.left);
  const corpus: Session[] = [];
  const events: SimulateEvent[] = [];
  let error: unknown = null;
  const request: SimulateRequest = {
    ...{ contexts: [context('a'), context('b', 'assistant')], perContext: 1, seed: 3, maxUserTurns: 3, atOnce: 1 },
    ...options,
    ...{ simulator, chatbots, done: new Set(options.done ?? []) },
  };
  const append = async (sessions: readonly Session[]) => {
    await options.append?.(sessions);
    corpus.push(...sessions.map((session) => sessionSchema.parse(session)));
  };
  const clock = { now: () => new Date(), sleep: async () => {} };
  const signal = options.signal ?? new AbortController().signal;
  try {
    for await (const event of simulate(request, { clock, journal, append }, signal, options.control)) {
      events.push(event);
      options.onEvent?.(event);
    }
  } catch (thrown) {
    error = thrown;
  }
  const last = events.at(-1);
  return { simulator, chatbots, journal, corpus, events, error, summary: last?.type === 'done' ? last.summary : null };
}

export const texts = (sessions: readonly Session[]) =>
  sessions.map(({ id, turns }) => [id, ...turns.map(({ content }) => content)]);
