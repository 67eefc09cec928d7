import { sigmoid } from '../reward/reward.ts';

/** A row of a matrix: the places that are not 0, and what stands there. */
export interface SparseRow {
  readonly at: ArrayLike<number>;
  readonly value: ArrayLike<number>;
}

export interface LogisticModel {
  readonly weights: Float64Array;
  readonly intercept: number;
}

export interface LogisticOptions {
  /** Columns of the rows. */
  readonly features: number;
  /** Inverse strength of the L2 penalty, as scikit-learn's C. */
  readonly c: number;
  /** Stops where no component of the gradient, over C and a row, is larger; 1e-4 as in scikit-learn. */
  readonly tolerance?: number;
}

/** Past steps that L-BFGS remembers. */
const MEMORY = 8;
const MAX_STEPS = 200;

/**
 * Logistic regression with an L2 penalty on all weights but the intercept: the minimum of ||w||^2 / 2 + C sum_i log(1 +
 * exp(-y_i (w x_i + b))), as scikit-learn's, by L-BFGS (Nocedal & Wright 2006, algorithm 7.5) with backtracking.
 * @param labels true is the class of positive z. @throws RangeError unless both classes are there.
 */
export function fitLogistic(
  rows: readonly SparseRow[],
  labels: readonly boolean[],
  { features, c, tolerance = 1e-4 }: LogisticOptions,
): LogisticModel {
  if (new Set(labels).size < 2) throw new RangeError('logistic regression needs both classes');
  const loss = objective(rows, labels, features, c);
  let point: Float64Array = new Float64Array(features + 1);
  let [value, gradient] = loss(point);
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let step = 0; step < MAX_STEPS && largest(gradient) > tolerance * c * rows.length; step += 1) {
    const direction = descent(gradient, steps);
    const slope = dot(direction, gradient);
    // the first step has no curvature to go by yet
    let length = steps.length === 0 ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : 1;
    let next = moved(point, direction, length);
    let [nextValue, nextGradient] = loss(next);
    while (nextValue > value + 1e-4 * length * slope && length > 1e-12) {
      length /= 2;
      next = moved(point, direction, length);
      [nextValue, nextGradient] = loss(next);
    }
    const s = difference(next, point);
    const y = difference(nextGradient, gradient);
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) steps.push({ s, y, rho: 1 / curvature });
    if (steps.length > MEMORY) steps.shift();
    if (!(nextValue < value)) break;
    [point, value, gradient] = [next, nextValue, nextGradient];
  }
  return { weights: point.subarray(0, features), intercept: point[features] as number };
}

/** Log-odds w x + b of a row. */
export function logOdds({ weights, intercept }: LogisticModel, { at, value }: SparseRow): number {
  let z = intercept;
  for (let k = 0; k < at.length; k += 1) z += (weights[at[k] as number] as number) * (value[k] as number);
  return z;
}

function objective(rows: readonly SparseRow[], labels: readonly boolean[], features: number, c: number) {
  return (point: Float64Array): [number, Float64Array] => {
    const model = { weights: point.subarray(0, features), intercept: point[features] as number };
    const gradient = Float64Array.from(model.weights);
    let value = dot(model.weights, model.weights) / 2;
    let bias = 0;
    for (let row = 0; row < rows.length; row += 1) {
      const { at, value: values } = rows[row] as SparseRow;
      const z = logOdds(model, rows[row] as SparseRow);
      const signed = labels[row] ? -z : z;
      value += c * (signed > 0 ? signed + Math.log1p(Math.exp(-signed)) : Math.log1p(Math.exp(signed)));
      const error = c * (sigmoid(z) - Number(labels[row]));
      bias += error;
      for (let k = 0; k < at.length; k += 1) {
        const place = at[k] as number;
        gradient[place] = (gradient[place] as number) + error * (values[k] as number);
      }
    }
    const whole = new Float64Array(features + 1);
    whole.set(gradient);
    whole[features] = bias;
    return [value, whole];
  };
}

/** The two-loop recursion: minus the inverse Hessian, as the last steps show it, times the gradient. */
function descent(
  gradient: Float64Array,
  steps: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((value) => -value);
  const alphas: number[] = [];
  for (const { s, y, rho } of [...steps].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    add(q, y, -alpha);
  }
  const last = steps.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let at = 0; at < q.length; at += 1) q[at] = (q[at] as number) * scale;
  }
  for (const [at, { s, y, rho }] of steps.entries()) add(q, s, (alphas[at] as number) - rho * dot(y, q));
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] as number) * (b[at] as number);
  return sum;
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let at = 0; at < to.length; at += 1) to[at] = (to[at] as number) + times * (what[at] as number);
}

function moved(from: Float64Array, direction: Float64Array, length: number): Float64Array {
  const to = Float64Array.from(from);
  add(to, direction, length);
  return to;
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  const out = Float64Array.from(a);
  add(out, b, -1);
  return out;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
