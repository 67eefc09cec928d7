import { userInfo } from 'node:os';
import { FoilError } from '../core/errors.ts';
import type { ReviewedPair } from '../core/preference/decisions.ts';
import type { ReviewOptions } from '../core/workflows/review/types.ts';
import type { Cli } from './cli.ts';

/** Who decides, unless --reviewer says it: the user of this machine. */
export function reviewerOf(cli: Cli, given?: string): string {
  if (given !== undefined) return given;
  const { USER, LOGNAME } = cli.around.env;
  if (USER || LOGNAME) return (USER || LOGNAME) as string;
  try {
    return userInfo().username;
  } catch {
    // a container may run as a user without a name
    return 'reviewer';
  }
}

/** How a sitting begins where nothing is said. */
export const REVIEW_DEFAULTS = {
  ...{ pass: 1, blind: false, seed: 1, order: 'made' },
  filter: { decided: 'pending' },
} as const satisfies Omit<ReviewOptions, 'reviewer'>;

/** `SET/ID`, or an id that only one set (of those that are asked) has. @throws FoilError `unknown-pair`, `ambiguous-pair`. */
export function findPair(pairs: readonly ReviewedPair[], name: string): ReviewedPair {
  const found = pairs.filter(({ set, id }) => id === name || `${set}/${id}` === name);
  const [first] = found;
  if (first && found.length === 1) return first;
  if (first) {
    throw new FoilError('ambiguous-pair', `several sets have a pair "${name}"`, {
      remedy: `name one: ${found.map(({ set, id }) => `${set}/${id}`).join(', ')}`,
    });
  }
  throw new FoilError('unknown-pair', `there is no pair "${name}"`, { remedy: 'see `foil pairs`' });
}

/** A side on one line, with its reward. */
export function sideText({ content, r, end }: ReviewedPair['chosen']): string {
  const reward = r === null ? '-' : `${r < 0 ? '' : '+'}${r.toFixed(2)}`;
  return `r ${reward.padStart(5)}  ${content.replaceAll('\n', ' ')}${end ? ' (ends the session)' : ''}`;
}
