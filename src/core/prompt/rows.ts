import type { OrderedBy } from '../preference/order.ts';
import type { PreferencePair } from '../preference/schema.ts';
import type { Session } from '../session/schema.ts';
import { renderContext } from './context.ts';
import {
  type ChatMessage,
  chatbotMessages,
  type DiscriminatorInput,
  discriminatorMessages,
  foldSpace,
  type PromptTurn,
  simulatorMessages,
} from './messages.ts';

/** One training row of `sft`: loss on every assistant message with its end marks, in one causal pass (Eq. 1). */
export interface SftRow {
  readonly id: string;
  /** Rows of one group never stand on both sides of a split. */
  readonly group: string;
  readonly messages: readonly ChatMessage[];
}

/** One training row of `discriminator` (Eq. 3): label 1 is real. The two rows of a `pair` share context and length. */
export interface DiscriminatorRow extends SftRow {
  readonly pair: string;
  readonly label: 0 | 1;
}

/** One training row of `dpo` (Eq. 5): two next turns of the simulator after one prompt (c, h_t). */
export interface PreferenceRow {
  readonly id: string;
  readonly group: string;
  readonly prompt: readonly ChatMessage[];
  readonly chosen: string;
  readonly rejected: string;
  /** That side also ends the session. */
  readonly chosen_end: boolean;
  readonly rejected_end: boolean;
  /** r_t of each side; null where no discriminator was on. */
  readonly r_chosen: number | null;
  readonly r_rejected: number | null;
  /** Who says that the chosen side is the better one: of D's rows the stage demands r_chosen > r_rejected. */
  readonly by: OrderedBy;
}

/**
 * Turns with the end of the session marked for the simulator: after the user's last turn, or, where the other side had
 * the last word, as a user turn that is nothing but the end.
 */
export function withEnd(turns: readonly PromptTurn[]): PromptTurn[] {
  const last = turns.at(-1);
  if (last?.role === 'user') return [...turns.slice(0, -1), { ...last, end: true }];
  return [...turns, { role: 'user', content: '', end: true }];
}

/** The simulator's row of a real session (Eq. 1), roles flipped; `instruction` as in the chat. */
export function simulatorRow(session: Session, instruction?: string): SftRow {
  const system = renderContext(session.context, instruction === undefined ? {} : { instruction }).text;
  return { id: session.id, group: groupOf(session), messages: simulatorMessages(system, withEnd(session.turns)) };
}

/** The row of a preference pair: its prompt is the text that the simulator has before it in the chat, roles flipped. */
export function preferenceRow(pair: PreferencePair, by: OrderedBy): PreferenceRow {
  const { chosen, rejected, context } = pair;
  return {
    id: pair.id,
    group: (context.current_summary ?? pair.session).toLowerCase(),
    prompt: simulatorMessages(renderContext(context).text, pair.history),
    chosen: chosen.content,
    rejected: rejected.content,
    chosen_end: chosen.end,
    rejected_end: rejected.end,
    r_chosen: chosen.r,
    r_rejected: rejected.r,
    by,
  };
}

/** A chatbot's row of a real session; no context, which the chatbot does not see. */
export function chatbotRow(session: Session, system: string): SftRow {
  return { id: session.id, group: groupOf(session), messages: chatbotMessages(system, session.turns) };
}

/** What a discriminator reads of one session, for a comparison of engines. */
export function judgedRow(session: Session, options: DiscriminatorInput): SftRow {
  const { text } = renderContext({ ...session.context, instruction: null });
  return {
    id: session.id,
    group: groupOf(session),
    messages: discriminatorMessages(text, session.turns, options),
  };
}

export type LengthMatch = 'turns' | 'words' | 'none';

/**
 * Balanced rows of real and simulated sessions of the same contexts (`meta.context_of` of a simulated one names the real).
 * `match`: `turns` cuts both sides of a pair to the same number of user turns; `words` cuts them further, at whole turns,
 * to about the same number of user words; `none` leaves lengths as they are (and length as a shortcut).
 */
export function discriminatorRows(
  real: readonly Session[],
  simulated: readonly Session[],
  options: DiscriminatorInput & { match: LengthMatch },
): DiscriminatorRow[] {
  const byId = new Map(real.map((session) => [session.id, session]));
  const rows: DiscriminatorRow[] = [];
  for (const simulation of simulated) {
    const source = byId.get(String(simulation.meta['context_of']));
    if (!source) continue;
    const [realTurns, simTurns] = matchLength(source.turns, simulation.turns, options.match);
    if (realTurns.length === 0 || simTurns.length === 0) continue;
    // The default instruction on both sides, as when a session is judged.
    const rendered = renderContext({ ...source.context, instruction: null });
    const group = groupOf(source);
    const pair = simulation.id;
    rows.push(
      { id: source.id, group, pair, label: 1, messages: discriminatorMessages(rendered.text, realTurns, options) },
      { id: simulation.id, group, pair, label: 0, messages: discriminatorMessages(rendered.text, simTurns, options) },
    );
  }
  return rows;
}

function matchLength(
  a: readonly PromptTurn[],
  b: readonly PromptTurn[],
  match: LengthMatch,
): [PromptTurn[], PromptTurn[]] {
  if (match === 'none') return [[...a], [...b]];
  const turns = Math.min(userTurns(a).length, userTurns(b).length);
  const cut: [PromptTurn[], PromptTurn[]] = [upToUserTurn(a, turns), upToUserTurn(b, turns)];
  if (match === 'turns') return cut;
  const words = Math.min(...cut.map((side) => countWords(userTurns(side))));
  return [upToWords(cut[0], words), upToWords(cut[1], words)];
}

function userTurns(turns: readonly PromptTurn[]): PromptTurn[] {
  return turns.filter((turn) => turn.role === 'user' && turn.content.trim() !== '');
}

function countWords(turns: readonly PromptTurn[]): number {
  return turns.reduce((sum, turn) => sum + foldSpace(turn.content).split(' ').length, 0);
}

/** The session up to and including its n-th user turn. */
function upToUserTurn(turns: readonly PromptTurn[], n: number): PromptTurn[] {
  let seen = 0;
  const end = turns.findIndex((turn) => turn.role === 'user' && turn.content.trim() !== '' && ++seen === n);
  return turns.slice(0, end + 1);
}

function upToWords(turns: readonly PromptTurn[], words: number): PromptTurn[] {
  let n = userTurns(turns).length;
  while (n > 1 && countWords(userTurns(turns).slice(0, n)) > words) n -= 1;
  return upToUserTurn(turns, n);
}

/** Sessions about one situation stay on one side of a split. */
function groupOf(session: Session): string {
  return (session.context.current_summary ?? session.id).toLowerCase();
}
