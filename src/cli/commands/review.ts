import { type Command, InvalidArgumentError, Option } from 'commander';
import { LINT_CODES, type LintCode } from '../../core/preference/lint.ts';
import { DECIDED, PAIR_KINDS, REVIEW_ORDERS, type ReviewOptions } from '../../core/workflows/review/types.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';
import { reviewerOf } from '../pair-sets.ts';

interface ReviewFlags {
  readonly set: readonly string[];
  readonly kind: ReviewOptions['filter']['kinds'];
  readonly warning: readonly LintCode[];
  readonly decided: ReviewOptions['filter']['decided'];
  readonly order: ReviewOptions['order'];
  readonly blind: boolean;
  readonly pass: number;
  readonly seed: number;
  readonly reviewer?: string;
  readonly limit?: number;
}

/** `foil review`: the queue of the Review screen, for scripts. Decisions: `foil pairs approve` and its like. */
export function registerReview(program: Command, run: Run): void {
  const collect =
    <T extends string>(known: readonly T[]) =>
    (value: string, before: readonly T[] = []) => {
      if (!known.includes(value as T)) throw new InvalidArgumentError(`It takes one of: ${known.join(', ')}.`);
      return [...before, value as T];
    };
  program
    .command('review')
    .description('List the pairs that wait for review, as the Review screen (F4) would show them.')
    .option(
      '--set <name>',
      'a set; can be repeated',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--kind <kind>', `${PAIR_KINDS.join(', ')}; can be repeated`, collect(PAIR_KINDS))
    .option(
      '--warning <code>',
      `with this warning (${LINT_CODES.join(', ')}); can be repeated`,
      collect(LINT_CODES),
      [],
    )
    .addOption(new Option('--decided <state>', 'what was said about them').choices(DECIDED).default('pending'))
    .addOption(new Option('--order <order>', 'which come first').choices(REVIEW_ORDERS).default('made'))
    .option('--blind', 'sides left and right by the seed, without rewards', false)
    .option('--pass <n>', '2: what this reviewer labelled before', integer(1), 1)
    .option('--seed <n>', 'of a random order and of blind sides', integer(0), 1)
    .option('--reviewer <name>', 'whose queue (default: the user of this machine)')
    .option('--limit <n>', 'the first n of the queue', integer(1))
    .addHelpText(
      'after',
      examples(
        ['foil review --set it1 --json', 'the pairs of a set that are pending, one JSON line each'],
        ['foil review --order disagreement --decided all', 'where reviewers contradict D or each other first'],
        ['foil review --blind --pass 2', 'a second pass on your own labels'],
      ),
    )
    .action(run(review));
}

async function review(cli: Cli, flags: ReviewFlags): Promise<undefined> {
  const { openState } = await import('../../core/workflows/review/machine.ts');
  const { readSets } = await import('../../core/workflows/review/review.ts');
  const { shownPair } = await import('../../core/workflows/review/view.ts');
  const { out } = cli;
  const { blind, pass, seed, order, decided } = flags;
  const sets = flags.set.length > 0 ? flags.set : undefined;
  const warnings = flags.warning.length > 0 ? flags.warning : undefined;
  const options = {
    ...{ blind, pass, seed, order, reviewer: reviewerOf(cli, flags.reviewer) },
    filter: { sets, kinds: flags.kind, warnings, decided },
  };
  const store = await cli.pairs();
  const state = openState(await readSets(store, sets), options, cli.clock.now().getTime());
  const shown = Math.min(state.queue.length, flags.limit ?? state.queue.length);
  for (let cursor = 0; cursor < shown; cursor += 1) {
    const pair = shownPair({ ...state, cursor });
    if (!pair) break;
    out.event({ event: 'pair', ...pair });
    out.line(`${pair.position}  ${pair.set}/${pair.id}  ${pair.kind}, t ${pair.t} of ${pair.session}, ${pair.verdict}`);
    for (const [name, side] of [
      ['left ', pair.left],
      ['right', pair.right],
    ] as const) {
      const role = side.role
        ? `${side.role === 'chosen' ? '+' : '-'} ${side.r === null ? '' : `r ${side.r.toFixed(2)} `}`
        : '';
      out.line(`  ${name} ${role} ${side.content.replaceAll('\n', ' ')}${side.end ? ' (ends the session)' : ''}`);
    }
    for (const { code, text, place } of pair.warnings) out.line(`  ! ${code}${place ? `, ${place}` : ''}: ${text}`);
  }
  out.event({ event: 'done', pairs: shown, of: state.queue.length });
  out.line(
    `${state.queue.length} pairs in the queue of ${options.reviewer}${shown < state.queue.length ? `, ${shown} shown` : ''}`,
  );
  return undefined;
}
