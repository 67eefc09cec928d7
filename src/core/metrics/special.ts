/** Distribution functions that p-values and exact intervals need; checked against scipy in test/core/statistics.test.ts. */

/** Coefficients of Lanczos' approximation with g = 7 (Godfrey 2001): relative error below 1e-14 for x >= 0.5. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** ln Gamma(x) for x >= 0.5. */
export function lnGamma(x: number): number {
  let sum: number = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i += 1) sum += (LANCZOS[i] as number) / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const TINY = 1e-300;
const EPSILON = 1e-16;
const MAX_STEPS = 10_000;

/**
 * Regularised incomplete beta function I_x(a, b), a and b >= 0.5, by Lentz's continued fraction on the side where it
 * converges fast, so that small tails keep their relative precision.
 */
export function betaRegularised(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < MAX_STEPS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < EPSILON) break;
  }
  return h;
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** x with I_x(a, b) = share, by bisection to the last bit. */
export function betaQuantile(share: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) return middle;
    if (betaRegularised(middle, a, b) < share) low = middle;
    else high = middle;
  }
}

/** P(|T| >= |t|) of Student's t with `df` degrees of freedom. */
export function studentTwoTailed(t: number, df: number): number {
  return betaRegularised(df / (df + t * t), df / 2, 0.5);
}

/** P(Z >= z) of the standard normal distribution, to full relative precision in the tail. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const x = (z * z) / 2;
  const density = Math.exp(-x) / Math.sqrt(2 * Math.PI);
  if (z < 2) {
    // the series of Phi(z) - 1/2 = phi(z) (z + z^3/3 + z^5/15 + ...) (Marsaglia 2004)
    let [term, sum] = [z, z];
    for (let k = 3; Math.abs(term) > EPSILON * sum; k += 2) {
      term *= (z * z) / k;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  // Laplace's continued fraction z + 1/(z + 2/(z + 3/(z + ...))), from its far end
  let fraction = z;
  for (let k = 200; k >= 1; k -= 1) fraction = z + k / fraction;
  return density / fraction;
}

/** z with P(Z <= z) = share, for share in (0, 1). */
export function normalQuantile(share: number): number {
  if (share > 0.5) return -normalQuantile(1 - share);
  let [low, high] = [-40, 0];
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (normalTail(-middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
