import type { ChatModel, Clock } from '../ports.ts';
import type { Context, Role, Session, Turn } from '../session/schema.ts';
import { countUserTurns } from '../session/tree.ts';
import { deriveSeed, seedOf } from './seed.ts';
import { speak } from './speak.ts';

export interface SimulateRequest {
  readonly simulator: ChatModel;
  readonly chatbot: ChatModel;
  /** Sessions whose contexts (and opening side) are taken; nothing else of them is read. */
  readonly contexts: AsyncIterable<Session> | Iterable<Session>;
  /** Sessions a context; 2 in the paper (4.2). */
  readonly perContext: number;
  readonly seed: number;
  /** A session that the simulator does not end is stopped after this many user turns. */
  readonly maxUserTurns: number;
  readonly contextBudget?: number | undefined;
  /** Ids that exist already: a run that was cut off goes on after them. */
  readonly done: ReadonlySet<string>;
}

export type SimulateEvent =
  | { readonly type: 'turn'; readonly id: string; readonly role: Role; readonly text: string; readonly end: boolean }
  | { readonly type: 'skipped'; readonly id: string }
  | { readonly type: 'session'; readonly session: Session };

/** Sessions of simulator and chatbot on given contexts (Algorithm 1, line 4). The same seed gives the same sessions. */
export async function* simulate(
  request: SimulateRequest,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<SimulateEvent> {
  for await (const source of request.contexts) {
    for (let k = 0; k < request.perContext; k += 1) {
      const id = `${request.simulator.name}.${request.chatbot.name}.${source.id}.${k}`;
      // By context, not by place: a part of a corpus, or a run that goes on, gives the same sessions.
      const seed = deriveSeed(request.seed, seedOf(source.id), k);
      if (request.done.has(id)) yield { type: 'skipped', id };
      else yield* simulateOne(request, source, id, seed, clock, signal);
    }
  }
}

async function* simulateOne(
  request: SimulateRequest,
  source: Session,
  id: string,
  seed: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<SimulateEvent> {
  const { simulator, chatbot, contextBudget, maxUserTurns } = request;
  // What was measured after the session, and annotations of its turns, must not reach the simulator: only c does.
  const context: Context = source.context;
  const turns: Turn[] = [];
  let role: Role = source.turns[0]?.role ?? 'user';
  let ended: 'simulator' | 'cap' = 'cap';
  while (countUserTurns(turns) < maxUserTurns) {
    const model = role === 'user' ? simulator : chatbot;
    const turnSeed = deriveSeed(seed, turns.length);
    const [said] = await speak(model, { role, context, contextBudget, turns, n: 1, seed: turnSeed }, signal);
    if (!said) break;
    yield { type: 'turn', id, role, text: said.text, end: said.end };
    if (said.text !== '') {
      const by = { kind: 'model' as const, name: model.name, seed: turnSeed };
      turns.push({ role, content: said.text, annotations: null, by });
    }
    if (said.end) {
      ended = 'simulator';
      break;
    }
    role = role === 'user' ? 'assistant' : 'user';
  }
  if (turns.length === 0) return;
  const { license, split } = source.meta;
  yield {
    type: 'session',
    session: {
      schema: 1,
      id,
      source: 'foil',
      domain: source.domain,
      context,
      turns,
      origin: {
        simulator: simulator.name,
        chatbot: chatbot.name,
        seed,
        sampling: { simulator: simulator.sampling, chatbot: chatbot.sampling },
        ended,
      },
      meta: {
        context_of: source.id,
        user_kind: 'llm',
        assistant_kind: 'llm',
        created: clock.now().toISOString(),
        ...(license === undefined ? {} : { license }),
        ...(split === undefined ? {} : { split }),
      },
    },
  };
}
