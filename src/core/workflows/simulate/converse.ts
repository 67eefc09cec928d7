import { FoilError } from '../../errors.ts';
import type { ChatModel, Retry, TurnJournal, Usage } from '../../ports.ts';
import { fitContext } from '../../prompt/budget.ts';
import { contextItems } from '../../prompt/context.ts';
import type { Role, Session, Turn } from '../../session/schema.ts';
import { countUserTurns } from '../../session/tree.ts';
import { deriveSeed, seedOf } from '../seed.ts';
import { speak, type Utterance } from '../speak.ts';
import { type Diagnostics, diagnose } from './diagnostics.ts';
import { keyOf, type TurnRecord } from './journal.ts';
import type { Meter } from './meter.ts';
import type { SimulateRequest } from './types.ts';

/** One session of the plan. */
export interface Job {
  /** Place in the plan, from 0. */
  readonly place: number;
  readonly id: string;
  readonly source: Session;
  readonly chatbot: ChatModel;
  readonly seed: number;
}

export interface Deps {
  readonly request: SimulateRequest;
  readonly journal: TurnJournal;
  readonly meter: Meter;
  /** Waits while the run is paused. False: the budget is used up, and no request may start. */
  readonly mayAsk: () => Promise<boolean>;
  readonly onTurn: (job: Job, record: TurnRecord) => void;
  readonly onRetry: (job: Job, role: Role, retry: Retry) => void;
}

/** The seed of session k on a context: by context, not by place, so that a part of a corpus gives the same sessions. */
export function sessionSeed(seed: number, context: Session, k: number): number {
  return deriveSeed(seed, seedOf(context.id), k);
}

/** What decides the text of a session: turns that were made under another key are not gone on with. */
export function jobKey(
  { source, chatbot, seed }: Job,
  { simulator, contextBudget }: SimulateRequest,
  made: unknown,
): string {
  const { context, turns } = source;
  const of = ({ name, sampling, system, flip }: ChatModel) => ({ name, sampling, system, flip });
  return keyOf([
    seed,
    of(simulator),
    of(chatbot),
    made ?? null,
    context,
    turns[0]?.role ?? 'user',
    contextBudget ?? null,
  ]);
}

/** How a session stands after its turns; null while it goes on. */
function endOf(records: readonly TurnRecord[], turns: readonly Turn[], cap: number): 'simulator' | 'cap' | null {
  if (records.at(-1)?.end) return 'simulator';
  return countUserTurns(turns) >= cap ? 'cap' : null;
}

/**
 * Lets simulator and chatbot talk until the session ends (Algorithm 1, line 4), each turn durable before the next is asked
 * for. @param begun turns of an earlier run.
 * @returns null if the budget ran out before the end. @throws FoilError `said-nothing` for a session without a turn.
 */
export async function converse(
  job: Job,
  key: string,
  begun: readonly TurnRecord[],
  deps: Deps,
  signal: AbortSignal,
): Promise<Session | null> {
  const { request, journal, meter } = deps;
  // What was measured after the session, and annotations of its turns, must not reach the simulator: only c does.
  const { context } = job.source;
  const first: Role = job.source.turns[0]?.role ?? 'user';
  const records = [...begun];
  const modelOf = (role: Role): ChatModel => (role === 'user' ? request.simulator : job.chatbot);
  const turns = records.filter(({ text }) => text !== '').map((record) => turnOf(record, modelOf(record.role)));
  const contextSize = contextItems(context).reduce((sum, item) => sum + item.length, 0);
  let contextText: string | undefined;
  let spoken = turns.reduce((sum, { content }) => sum + content.length, 0);
  for (;;) {
    const ended = endOf(records, turns, request.maxUserTurns);
    if (ended && turns.length === 0) {
      throw new FoilError('said-nothing', `${request.simulator.name} ended the session before a word was said`, {
        remedy: 'another seed gives another session',
      });
    }
    if (ended) return sessionOf(job, request, turns, ended, records);
    if (!(await deps.mayAsk())) return null;
    const last = records.at(-1)?.role;
    const role: Role = last === undefined ? first : last === 'user' ? 'assistant' : 'user';
    const model = modelOf(role);
    const seed = deriveSeed(job.seed, records.length);
    const prompt = spoken + (role === 'user' ? contextSize : (model.system?.length ?? 0));
    let empty = 0;
    const counted: Usage[] = [];
    if (role === 'user') contextText ??= (await fitContext(context, model, signal, request.contextBudget)).text;
    const asked = {
      ...{ role, context, contextBudget: request.contextBudget, contextText, turns, n: 1, seed, keepReply: true },
      onEmpty: () => {
        empty += 1;
      },
      onRetry: (retry: Retry) => {
        meter.retry(model, retry, prompt);
        deps.onRetry(job, role, retry);
      },
      ...(meter.exact || model.place?.counts ? { onUsage: (usage: Usage) => counted.push(usage) } : {}),
    };
    const said = await one(speak(model, asked, signal)).finally(() => {
      for (const usage of counted) meter.count(model, usage, { prompt: 0, reply: 0 });
    });
    if (counted.length === 0) meter.count(model, null, { prompt, reply: said.text.length });
    const record: TurnRecord = {
      ...{ schema: 1 as const, session: job.id, key, index: records.length, role },
      ...{ text: said.text, seed, end: said.end, empty },
    };
    await journal.append(record);
    records.push(record);
    if (record.text !== '') turns.push(turnOf(record, model));
    spoken += record.text.length;
    deps.onTurn(job, record);
  }
}

/** The reply of a request for one: `speak` gives as many as it was asked for, or throws. */
async function one(said: Promise<Utterance[]>): Promise<Utterance> {
  const [first] = await said;
  if (!first) throw new RangeError('no reply');
  return first;
}

function turnOf({ role, text, seed }: TurnRecord, model: ChatModel): Turn {
  return { role, content: text, annotations: null, by: { kind: 'model', name: model.name, seed } };
}

function sessionOf(
  { id, source, chatbot, seed }: Job,
  request: SimulateRequest,
  turns: Turn[],
  ended: 'simulator' | 'cap',
  records: readonly TurnRecord[],
): Session {
  const { simulator } = request;
  const { license, split } = source.meta;
  const emptyOf = (role: Role) => records.reduce((sum, record) => sum + (record.role === role ? record.empty : 0), 0);
  const diagnostics: Diagnostics = diagnose(
    turns,
    ended,
    { user: emptyOf('user'), assistant: emptyOf('assistant') },
    request.minUserTurns,
  );
  const made = request.describe?.(chatbot.name);
  return {
    schema: 1,
    id,
    source: 'foil',
    domain: source.domain,
    context: source.context,
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
      ...(license === undefined ? {} : { license }),
      ...(split === undefined ? {} : { split }),
      ...(made === undefined ? {} : { chatbot: made }),
      diagnostics,
    },
  };
}
