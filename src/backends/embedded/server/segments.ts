/**
 * Where a prompt is cut for evaluation. A batch of many tokens and one token at a time round differently in floating point, so
 * the same text could give other logits depending on what was cached. The cuts are therefore a function of the tokens alone:
 * each segment is always evaluated as one batch, and only whole segments are reused. All that follows is then bit-equal, cached
 * or not.
 */

/** Shorter turns share a segment with the next one: on Q4 weights, below this a batch costs noticeably more per token. */
export const MIN_SEGMENT = 64;
/** The longest batch: long enough to be fast, short enough that other requests wait little. Also llama.cpp's batch size. */
export const MAX_SEGMENT = 128;

/** A prompt with its cuts; `ends[i]` is where segment i ends (exclusive), the last one is `tokens.length`. */
export interface Segmented {
  readonly tokens: readonly number[];
  readonly ends: readonly number[];
}

/**
 * Cuts after a turn's end once a segment has MIN_SEGMENT tokens, and at MAX_SEGMENT in any case. A prefix is cut like the
 * whole, but for the prefix's own last, shorter segment.
 *
 * A prompt that ends with a turn's end asks about that turn and not for a reply. The next ones ask about another text in its
 * place, or about the turn after it, so it is cut after every turn: nothing is then read twice. A batch costs about as much
 * as three more tokens on F16 weights, a tenth of reading such a session in one go.
 *
 * With `opening`, the tokens that begin a turn of the model's own, it is cut as a session came about that this model took part
 * in: its own turns token by token, as they were written, and all between them in batches. A reply can then stay in the cache,
 * and is read again only where that was lost, at the price of single tokens.
 */
export function segment(
  tokens: readonly number[],
  isTurnEnd: (token: number) => boolean,
  opening: readonly number[] | null = null,
): Segmented {
  if (opening !== null) return asWritten(tokens, isTurnEnd, opening);
  const last = tokens.at(-1);
  const least = last !== undefined && isTurnEnd(last) ? 1 : MIN_SEGMENT;
  const ends: number[] = [];
  let start = 0;
  for (const [index, token] of tokens.entries()) {
    const length = index + 1 - start;
    if (length < MAX_SEGMENT && !(length >= least && isTurnEnd(token))) continue;
    start = index + 1;
    ends.push(start);
  }
  if (start < tokens.length) ends.push(tokens.length);
  return { tokens, ends };
}

function asWritten(
  tokens: readonly number[],
  isTurnEnd: (token: number) => boolean,
  opening: readonly number[],
): Segmented {
  const ends: number[] = [];
  let start = 0;
  let first = true;
  let own = false;
  for (const [index, token] of tokens.entries()) {
    const next = index + 1;
    if (own && isTurnEnd(token)) own = false;
    const opens: boolean =
      !own && opening.length > 0 && opening.every((each, at) => tokens[next - opening.length + at] === each);
    // many sessions begin with the same system text
    const begins: boolean = first && isTurnEnd(token);
    if (!own && !opens && !begins && next - start < MAX_SEGMENT) continue;
    first &&= !begins;
    own ||= opens;
    start = next;
    ends.push(start);
  }
  if (start < tokens.length) ends.push(tokens.length);
  return { tokens, ends };
}

/** How many leading segments two prompts share: same cuts, same tokens. */
export function sharedSegments(a: Segmented, b: Segmented): number {
  let start = 0;
  for (let index = 0; ; index += 1) {
    const end = a.ends[index];
    if (end === undefined || end !== b.ends[index]) return index;
    for (let at = start; at < end; at += 1) if (a.tokens[at] !== b.tokens[at]) return index;
    start = end;
  }
}
