/** p = sigmoid(z). */
export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** logit(p); p must lie strictly between 0 and 1. */
export function logit(p: number): number {
  return Math.log(p) - Math.log1p(-p);
}

export interface TurnScore {
  /** User turn, from 1. */
  readonly t: number;
  /** Log-odds after user turn t. */
  readonly z: number;
  /** p_t = sigmoid(z_t): probability that the session is real (Eq. 2). */
  readonly p: number;
  /** r_t = z_t - z_{t-1} (Eq. 4), from log-odds and never from p, which saturates. */
  readonly r: number;
}

/**
 * Rewards of a session from its log-odds.
 * @param z z_1..z_T at the ends of the user turns.
 * @param logitP0 z_0 = logit(p_0). The paper does not state p_0; 0 is the balanced prior that the discriminator was
 *   trained with. It is a field of the discriminator's card.
 */
export function rewards(z: readonly number[], logitP0 = 0): TurnScore[] {
  return z.map((value, index) => ({
    t: index + 1,
    z: value,
    p: sigmoid(value),
    r: value - (index === 0 ? logitP0 : (z[index - 1] ?? logitP0)),
  }));
}

/** Critical turns of one session: the turns of lowest and of highest r_t; undefined for a session without scores. */
export function criticalTurns(scores: readonly TurnScore[]): { lowest: TurnScore; highest: TurnScore } | undefined {
  const [first] = scores;
  if (!first) return undefined;
  let lowest = first;
  let highest = first;
  for (const score of scores) {
    if (score.r < lowest.r) lowest = score;
    if (score.r > highest.r) highest = score;
  }
  return { lowest, highest };
}
