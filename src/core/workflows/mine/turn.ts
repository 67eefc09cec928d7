import { FoilError } from '../../errors.ts';
import type { ChatModel, Clock, Discriminator } from '../../ports.ts';
import type { Candidate } from '../../preference/candidates.ts';
import { type PairRules, selectPair } from '../../preference/filter.ts';
import type { MinedTurn } from '../../preference/mined.ts';
import type { PreferencePair, Side } from '../../preference/schema.ts';
import type { Author, Session } from '../../session/schema.ts';
import { alternatives } from '../alternatives.ts';
import { deriveSeed, seedOf } from '../seed.ts';
import type { CriticalTurn } from './critical.ts';

export interface TurnRequest {
  readonly simulator: ChatModel;
  readonly discriminator: Discriminator;
  /** Alternatives; 8 in the paper. */
  readonly n: number;
  /** Of the whole run; each turn derives its own, so that a rerun samples the same, whatever else is mined. */
  readonly seed: number;
  readonly rules: PairRules;
  readonly contextBudget?: number | undefined;
}

/** Keeps the seeds of mining apart from those of simulating the same session. */
const MINE_SEED = 0x3e1d;

/**
 * Samples alternatives at a critical turn (one request, one prefix), judges them and the original, and picks the pair.
 * @param known candidates that were sampled at this turn before, with the same seed: they are not paid for again.
 */
export async function mineTurn(
  request: TurnRequest,
  session: Session,
  critical: CriticalTurn,
  known: Pick<MinedTurn, 'candidates' | 'previousZ'> | null,
  clock: Clock,
  signal: AbortSignal,
): Promise<MinedTurn> {
  const seed = deriveSeed(request.seed, seedOf(session.id), critical.t, MINE_SEED);
  const { candidates, previousZ } = known ?? (await sample(request, session, critical.t, seed, signal));
  const selected = selectPair(candidates, request.rules);
  return {
    ...{ schema: 1, type: 'turn', at: clock.now().toISOString(), ...critical, seed, previousZ, candidates },
    outcome: selected.kept
      ? {
          kept: true,
          chosen: selected.chosen.index,
          rejected: selected.rejected.index,
          searched: selected.searched,
          pair: `${session.id}.t${critical.t}`,
        }
      : selected,
  };
}

async function sample(
  { simulator, discriminator, n, contextBudget }: TurnRequest,
  session: Session,
  t: number,
  seed: number,
  signal: AbortSignal,
): Promise<{ candidates: Candidate[]; previousZ: number }> {
  const at = turnIndex(session, t);
  const { context, turns } = session;
  const history = turns.slice(0, at).map(({ role, content }) => ({ role, content }));
  const original = originalAt(session, at);
  let previousZ = Number.NaN;
  let candidates: readonly Candidate[] = [];
  const request = { context, contextBudget, history, original, n, seed };
  for await (const event of alternatives(simulator, discriminator, request, signal)) {
    if (event.type === 'ranked') [candidates, previousZ] = [event.candidates, event.previousZ ?? Number.NaN];
  }
  return { candidates: [...candidates].sort((a, b) => a.index - b.index), previousZ };
}

/** The pair of a kept turn; the same turn always gives the same pair. */
export function pairOf(
  turn: MinedTurn,
  session: Session,
  corpus: string,
  models: {
    readonly simulator: string;
    readonly discriminator: string;
    readonly engine: string;
    readonly template: string;
  },
): PreferencePair | null {
  const { outcome, candidates, t, kind, r, seed, at } = turn;
  if (!outcome.kept) return null;
  const side = (wanted: number): Side => {
    const found = candidates.find(({ index }) => index === wanted);
    if (!found) throw new RangeError(`no candidate ${wanted} at ${session.id}, t ${t}`);
    return { content: found.text, end: found.end, r: found.r, by: found.by };
  };
  return {
    ...{ schema: 1, id: outcome.pair, created: at, origin: 'mined', context: session.context, decision: 'pending' },
    history: session.turns.slice(0, turnIndex(session, t)).map(({ role, content }) => ({ role, content })),
    chosen: side(outcome.chosen),
    rejected: side(outcome.rejected),
    ...{ discriminator: models.discriminator, simulator: models.simulator, session: session.id, corpus, t },
    mined: {
      ...{ kind, r, seed, engine: models.engine, template: models.template },
      sampled: candidates.filter(({ index }) => index > 0).length,
    },
  };
}

/** The index of user turn t. */
function turnIndex({ id, turns }: Session, t: number): number {
  let seen = 0;
  const at = turns.findIndex(({ role, content }) => role === 'user' && content.trim() !== '' && ++seen === t);
  if (at !== -1) return at;
  throw new FoilError('no-turn', `session ${id} has no user turn ${t}`, {
    remedy: 'the corpus was changed since it was scored or mined: mine it into another set',
  });
}

/** What stands at the turn. It ended its session if nothing follows, unless something else stopped the session there. */
function originalAt({ turns, origin }: Session, at: number): { text: string; end: boolean; by: Author } {
  const turn = turns[at];
  const last = at === turns.length - 1;
  const stopped = origin !== 'real' && origin.ended !== 'simulator';
  const by: Author = origin === 'real' ? { kind: 'human' } : { kind: 'model', name: origin.simulator };
  return { text: turn?.content ?? '', end: last && !stopped, by: turn?.by ?? by };
}
