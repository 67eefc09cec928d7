import { z } from 'zod';
import { words } from '../../metrics/lexical.ts';
import { type Comparable, comparable, isSimilar } from '../../preference/similarity.ts';
import type { Turn } from '../../session/schema.ts';
import { countUserTurns } from '../../session/tree.ts';

const userTurns = z.array(z.number().int().positive());

/**
 * How a simulated session stopped and what is wrong with its user turns. Lists hold numbers t of user turns, from 1.
 * Kept in `meta.diagnostics` of the session; nothing is left out of a corpus for it.
 */
export const diagnosticsSchema = z.object({
  /** The simulator ended it before `min_user_turns`. */
  too_early: z.boolean(),
  /** The cap on user turns ended it. */
  run_on: z.boolean(),
  /** Opens anew: says nearly the same as its first turn, or greets, at t > 2. */
  restart: userTurns,
  /** Says nearly the same as the chatbot's last turn, or as its own. */
  echo: userTurns,
  /** Speaks as the other side: see `slips`. */
  role_slip: userTurns,
  /** Replies without a word that were asked for again, of either side. */
  empty: z.object({ user: z.number().int().min(0), assistant: z.number().int().min(0) }),
});
export type Diagnostics = z.output<typeof diagnosticsSchema>;

/** Fewer user turns than this is hardly a session; real ones of ESConv have at least 4, and 12 on average. */
export const MIN_USER_TURNS = 3;

/** Above this, two turns are nearly the same: one token in five differs (preference/similarity.ts, without case). */
const SAME = 0.8;
/** Shorter turns ("yes", "thank you so much") come twice in real talk. */
const LEAST_WORDS = 4;

/** A greeting at the start of a turn, and of more than one word in all. */
const GREETING = /^\W*(?:hi|hello|hey there|hey|good (?:morning|afternoon|evening|day))\b[\s,.!]+\S/iu;

/** Markers of chat templates (ChatML, Llama, Mistral, Gemma), which no person writes. */
const TEMPLATE = /<\|[a-z_]+\|>|\[\/?INST\]|<<\/?SYS>>|<\/?s>|<(?:start|end)_of_turn>/iu;
/** A line that names a speaker, as in a transcript. */
const LABEL =
  /^\s*(?:user|assistant|system|supporter|seeker|chatbot|bot|therapist|counsell?or|client|patient|human|ai)\s*:/imu;
/** What only the side that helps says of itself. */
const HELPER =
  /\b(?:as an ai|i(?:'|’)?m an ai|i am an ai|(?:as )?(?:a|your) (?:large )?language model|as your (?:therapist|counsell?or|supporter|assistant)|how (?:can|may) i (?:help|assist|support) you|i(?:'|’)?m here to (?:help|listen|support)|i am here to (?:help|listen|support))\b/iu;

/**
 * @param ended how the session stopped. @param empty replies without a word, by side.
 * @param minUserTurns fewer than this, ended by the simulator, is too early.
 */
export function diagnose(
  turns: readonly Pick<Turn, 'role' | 'content'>[],
  ended: 'simulator' | 'cap',
  empty: Diagnostics['empty'],
  minUserTurns = MIN_USER_TURNS,
): Diagnostics {
  const found: Diagnostics = {
    too_early: ended === 'simulator' && countUserTurns(turns) < minUserTurns,
    run_on: ended === 'cap',
    restart: [],
    echo: [],
    role_slip: [],
    empty,
  };
  const own: Said[] = [];
  const other: Said[] = [];
  for (const { role, content } of turns) {
    const said = ready(content);
    if (role === 'assistant') {
      other.push(said);
      continue;
    }
    const t = own.length + 1;
    const [first, previous] = [own[0], own.at(-1)];
    if (first !== undefined && t > 2 && (isSame(said, first) || GREETING.test(content))) found.restart.push(t);
    if (isSame(said, other.at(-1)) || isSame(said, previous)) found.echo.push(t);
    if (slips(said, other.slice(0, -1))) found.role_slip.push(t);
    own.push(said);
  }
  return found;
}

interface Said {
  readonly text: string;
  readonly words: number;
  readonly folded: Comparable;
}

function ready(text: string): Said {
  return { text, words: words(text).length, folded: comparable(text.toLowerCase()) };
}

/**
 * Whether a user turn speaks as the other side: it has a marker of a chat template, a line that begins with the name of a role and
 * a colon, words that only the helping side says of itself, or nearly the text of a chatbot's turn before its last (that
 * of the last is an echo).
 */
function slips(said: Said, chatbot: readonly Said[]): boolean {
  const { text } = said;
  return (
    TEMPLATE.test(text) || LABEL.test(text) || HELPER.test(text) || chatbot.some((earlier) => isSame(said, earlier))
  );
}

function isSame(a: Said, b: Said | undefined): boolean {
  if (b === undefined || a.words < LEAST_WORDS) return false;
  if (a.text === b.text) return true;
  // The distance is at least the difference in length, and characters bound tokens well enough to spare most comparisons.
  const [short, long] = [Math.min(a.text.length, b.text.length), Math.max(a.text.length, b.text.length)];
  return short >= 0.6 * long && isSimilar(a.folded, b.folded, SAME);
}

/** Sessions of a run by what was found in them, and empty replies in all. */
export interface DiagnosticCounts {
  readonly too_early: number;
  readonly run_on: number;
  readonly restart: number;
  readonly echo: number;
  readonly role_slip: number;
  readonly empty: number;
}

export const NO_DIAGNOSTICS: DiagnosticCounts = {
  too_early: 0,
  run_on: 0,
  restart: 0,
  echo: 0,
  role_slip: 0,
  empty: 0,
};

/** The counts with one more session: each kind counts sessions that have it. */
export function countDiagnostics(counts: DiagnosticCounts, found: Diagnostics): DiagnosticCounts {
  return {
    too_early: counts.too_early + Number(found.too_early),
    run_on: counts.run_on + Number(found.run_on),
    restart: counts.restart + Number(found.restart.length > 0),
    echo: counts.echo + Number(found.echo.length > 0),
    role_slip: counts.role_slip + Number(found.role_slip.length > 0),
    empty: counts.empty + Number(found.empty.user + found.empty.assistant > 0),
  };
}
