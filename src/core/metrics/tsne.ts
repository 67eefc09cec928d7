import { generator } from './bootstrap.ts';

export interface TsneOptions {
  /** Effective number of neighbours; 30 in B.1. Lowered where there are too few points for it. */
  readonly perplexity: number;
  readonly steps: number;
  readonly seed: number;
}

export const TSNE_DEFAULTS: TsneOptions = { perplexity: 30, steps: 750, seed: 1 };

export interface TsneMap {
  readonly points: readonly (readonly [number, number])[];
  /** KL(P || Q) in nats that is left: what the picture could not keep. */
  readonly kl: number;
}

const EXAGGERATED_STEPS = 250;
const EXAGGERATION = 12;

/**
 * Exact t-SNE (van der Maaten & Hinton 2008) with early exaggeration, momentum, gains and the learning rate of scikit-learn,
 * from small random places. It costs steps * n^2: hundreds of points, not thousands.
 * @param distances squared, n x n row by row. @returns yields now and then, so that whoever waits stays alive.
 * @throws RangeError for fewer than 4 points.
 */
export function* tsne(
  distances: Float64Array,
  n: number,
  { perplexity, steps, seed }: TsneOptions,
): Generator<{ readonly step: number }, TsneMap> {
  if (n < 4) throw new RangeError('t-SNE needs 4 points');
  const p = affinities(distances, n, Math.min(perplexity, (n - 1) / 3));
  const random = generator(seed);
  const y = Float64Array.from({ length: 2 * n }, () => 1e-4 * gaussian(random));
  const velocity = new Float64Array(2 * n);
  const gains = new Float64Array(2 * n).fill(1);
  const rate = Math.max(n / EXAGGERATION / 4, 50);
  const q = new Float64Array(n * n);
  const gradient = new Float64Array(2 * n);
  for (let step = 0; step < steps; step += 1) {
    const early = step < EXAGGERATED_STEPS;
    slope(p, q, y, n, early ? EXAGGERATION : 1, gradient);
    for (let at = 0; at < 2 * n; at += 1) {
      const [g, v] = [gradient[at] as number, velocity[at] as number];
      gains[at] = Math.max(0.01, g * v < 0 ? (gains[at] as number) + 0.2 : (gains[at] as number) * 0.8);
      velocity[at] = (early ? 0.5 : 0.8) * v - rate * (gains[at] as number) * g;
      y[at] = (y[at] as number) + (velocity[at] as number);
    }
    if (step % 25 === 24) yield { step: step + 1 };
  }
  const sum = slope(p, q, y, n, 1, gradient);
  let kl = 0;
  for (let at = 0; at < p.length; at += 1) {
    const share = p[at] as number;
    if (share > 0) kl += share * Math.log(share / Math.max((q[at] as number) / sum, 1e-300));
  }
  const points = Array.from({ length: n }, (_, at) => [y[2 * at] as number, y[2 * at + 1] as number] as const);
  return { points, kl };
}

/** Symmetric p_ij that sum to 1, each row of the given perplexity (bisection of its precision). */
function affinities(distances: Float64Array, n: number, perplexity: number): Float64Array {
  const wanted = Math.log(perplexity);
  const p = new Float64Array(n * n);
  for (let row = 0; row < n; row += 1) {
    let [precision, low, high] = [1, 0, Number.POSITIVE_INFINITY];
    let nearest = Number.POSITIVE_INFINITY;
    for (let other = 0; other < n; other += 1) {
      if (other !== row) nearest = Math.min(nearest, distances[row * n + other] as number);
    }
    for (let step = 0; step < 100; step += 1) {
      let [sum, weighted] = [0, 0];
      for (let other = 0; other < n; other += 1) {
        const distance = (distances[row * n + other] as number) - nearest;
        const weight = other === row ? 0 : Math.exp(-precision * distance);
        p[row * n + other] = weight;
        sum += weight;
        weighted += weight * distance;
      }
      for (let other = 0; other < n; other += 1) p[row * n + other] = (p[row * n + other] as number) / sum;
      const entropy = Math.log(sum) + (precision * weighted) / sum;
      if (Math.abs(entropy - wanted) < 1e-6) break;
      if (entropy > wanted) low = precision;
      else high = precision;
      precision = high === Number.POSITIVE_INFINITY ? precision * 2 : (low + high) / 2;
    }
  }
  for (let a = 0; a < n; a += 1) {
    for (let b = 0; b < a; b += 1) {
      const both = ((p[a * n + b] as number) + (p[b * n + a] as number)) / (2 * n);
      p[a * n + b] = both;
      p[b * n + a] = both;
    }
  }
  return p;
}

/** Fills the gradient, and q with 1 / (1 + |y_i - y_j|^2); returns the sum of q, by which it becomes Q. */
function slope(
  p: Float64Array,
  q: Float64Array,
  y: Float64Array,
  n: number,
  times: number,
  gradient: Float64Array,
): number {
  let sum = 0;
  for (let a = 0; a < n; a += 1) {
    for (let b = 0; b < a; b += 1) {
      const [dx, dy] = [
        (y[2 * a] as number) - (y[2 * b] as number),
        (y[2 * a + 1] as number) - (y[2 * b + 1] as number),
      ];
      const near = 1 / (1 + dx * dx + dy * dy);
      q[a * n + b] = near;
      q[b * n + a] = near;
      sum += 2 * near;
    }
  }
  gradient.fill(0);
  for (let a = 0; a < n; a += 1) {
    let [gx, gy] = [0, 0];
    for (let b = 0; b < n; b += 1) {
      const near = q[a * n + b] as number;
      const pull = 4 * (times * (p[a * n + b] as number) - near / sum) * near;
      gx += pull * ((y[2 * a] as number) - (y[2 * b] as number));
      gy += pull * ((y[2 * a + 1] as number) - (y[2 * b + 1] as number));
    }
    gradient[2 * a] = gx;
    gradient[2 * a + 1] = gy;
  }
  return sum;
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
