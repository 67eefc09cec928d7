/**
 * A 31-bit seed from a session's seed and what it is for, so that every turn and every set of alternatives samples
 * independently and can be sampled again. (Steele, Lea & Flood's SplitMix finaliser, on 32 bits.)
 */
export function deriveSeed(seed: number, ...path: readonly number[]): number {
  let state = seed | 0;
  for (const step of path) {
    state = Math.imul(state ^ (step + 0x9e3779b9), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    state ^= state >>> 16;
  }
  return state & 0x7fffffff;
}

/** A number of a text, to derive a seed from (FNV-1a, 32 bits). */
export function seedOf(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}

/** A number in [0, 1) from a seed of `deriveSeed`. */
export function unit(seed: number): number {
  return (seed & 0x7fffffff) / 0x80000000;
}
