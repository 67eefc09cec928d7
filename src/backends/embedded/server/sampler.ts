import type { Candidate } from './runtime.ts';

/** How one choice is sampled. `topK` 0: the whole vocabulary. */
export interface SamplingSettings {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
}

/** Seeded uniform numbers in [0, 1): sfc32, one stream per seed; any safe integer is a seed. */
export function seededRandom(seed: number): () => number {
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = 0x9e3779b9;
  let d = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  // neighbouring seeds start alike: let them drift apart
  for (let round = 0; round < 16; round += 1) next();
  return next;
}

/**
 * Draws a token in vLLM's order: temperature, min_p, top_k, top_p. `candidates` come likeliest first and already cut to top_k
 * (a cut that temperature does not change). Temperature 0 takes the likeliest, the smaller id on a tie.
 */
export function sample(candidates: readonly Candidate[], settings: SamplingSettings, random: () => number): number {
  const first = candidates[0];
  if (!first) throw new Error('no candidates to sample from');
  if (settings.temperature === 0) return greedy(candidates, first);
  const power = 1 / settings.temperature;
  // relative to the likeliest, so that small temperatures do not underflow; ids break ties, because the sort below us is unstable
  const weighted = candidates
    .map(({ id, p }) => ({ id, weight: (p / first.p) ** power }))
    .filter(({ weight }) => weight > 0 && weight >= settings.minP)
    .sort((a, b) => b.weight - a.weight || a.id - b.id);
  const kept = nucleus(weighted, settings.topP);
  let left = random() * kept.total;
  for (let index = 0; index < kept.count; index += 1) {
    left -= weighted[index]?.weight ?? 0;
    if (left < 0) return weighted[index]?.id ?? first.id;
  }
  return weighted[kept.count - 1]?.id ?? first.id;
}

function greedy(candidates: readonly Candidate[], first: Candidate): number {
  let id = first.id;
  for (const candidate of candidates) {
    if (candidate.p < first.p) break;
    id = Math.min(id, candidate.id);
  }
  return id;
}

/** The shortest run of the likeliest whose share reaches `topP`. */
function nucleus(weighted: readonly { weight: number }[], topP: number): { count: number; total: number } {
  let sum = 0;
  for (const { weight } of weighted) sum += weight;
  if (topP >= 1) return { count: weighted.length, total: sum };
  let total = 0;
  let count = 0;
  for (const { weight } of weighted) {
    total += weight;
    count += 1;
    if (total >= topP * sum) break;
  }
  return { count, total };
}
