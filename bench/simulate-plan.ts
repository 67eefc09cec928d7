/** What the mock endpoint, the runs and the checks of bench/simulate.ts agree on. */
import { type Session, sessionSchema } from '../src/core/session/schema.ts';
import { deriveSeed, seedOf, unit } from '../src/core/workflows/seed.ts';

/** Every reply takes so long; half of it comes in the middle. */
export const REPLY_MS = 100;
/** With the chatbot first, ten user turns are twenty requests. */
export const USER_TURNS = 10;
export const REQUESTS = 2 * USER_TURNS;
export const SEED = 7;

export type Fault = 'busy' | 'reset' | 'cut';
/** Shares of all attempts. */
export const FAULTS: readonly (readonly [Fault, number])[] = [
  ['busy', 0.3],
  ['reset', 0.05],
  ['cut', 0.05],
];
export const RETRY_AFTER_S = 1;

/** What happens to attempt k (from 0) at the request with this seed. */
export function faultOf(seed: number, attempt: number): Fault | null {
  let draw = unit(deriveSeed(seed, 977, attempt));
  for (const [fault, share] of FAULTS) {
    if (draw < share) return fault;
    draw -= share;
  }
  return null;
}

const WORDS =
  'work home sleep talk again never much tired angry they said could boss friend late night week money why how'.split(
    ' ',
  );

/** A reply of a dozen pieces, unlike the others: sessions of one text would be full of echoes. */
export function replyOf(seed: number): string[] {
  return Array.from({ length: 12 }, (_, k) => {
    const word = WORDS[deriveSeed(seed, 31, k) % WORDS.length] ?? '';
    return k === 11 ? `${word}.` : `${word} `;
  });
}

export function contextsOf(count: number): Session[] {
  return Array.from({ length: count }, (_, k) =>
    sessionSchema.parse({
      id: `c${k}`,
      context: { current_summary: `You have had trouble at work since week ${k}, and sleep badly.` },
      turns: [{ role: 'assistant', content: 'Hello.' }],
    }),
  );
}

/** Seeds of all requests of a session, in order. */
export function seedsOf(context: string): number[] {
  const session = deriveSeed(SEED, seedOf(context), 0);
  return Array.from({ length: REQUESTS }, (_, index) => deriveSeed(session, index));
}

/** The shortest time (s) that all sessions can take on so many lanes, each waiting as long as it is told to and no longer. */
export function idealSeconds(sessions: number, lanes: number): number {
  const free = Array.from({ length: lanes }, () => 0);
  for (let k = 0; k < sessions; k += 1) {
    let ms = 0;
    for (const seed of seedsOf(`c${k}`)) {
      for (let attempt = 0, done = false; !done; attempt += 1) {
        const fault = faultOf(seed, attempt);
        done = fault === null;
        ms += { busy: RETRY_AFTER_S * 1000, reset: 0, cut: REPLY_MS / 2, none: REPLY_MS }[fault ?? 'none'];
      }
    }
    const first = free.indexOf(Math.min(...free));
    free[first] = (free[first] ?? 0) + ms;
  }
  return Math.max(...free) / 1000;
}
