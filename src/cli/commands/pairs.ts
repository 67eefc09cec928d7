import { type Command, Option } from 'commander';
import type { ReviewedPair } from '../../core/preference/decisions.ts';
import type { ReviewState } from '../../core/workflows/review/machine.ts';
import type { ReviewCommand, ReviewStats } from '../../core/workflows/review/types.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';
import { findPair, REVIEW_DEFAULTS, reviewerOf, sideText } from '../pair-sets.ts';

interface SetOptions {
  readonly set?: string;
}

interface DecideOptions extends SetOptions {
  readonly reviewer?: string;
  readonly pass: number;
  readonly all?: boolean;
  readonly note?: string;
}

const VERBS = {
  approve: 'Approve pairs: they are trained with.',
  reject: 'Reject pairs: they are not trained with.',
  skip: 'Say nothing about pairs; takes an earlier verdict of the same pass back.',
  swap: 'Exchange chosen and rejected.',
  undo: 'Take back the last thing said about a pair.',
} as const;

/** `foil pairs`: preference pairs, and what is decided about them. */
export function registerPairs(program: Command, run: Run): void {
  const pairs = program.command('pairs').description('Preference pairs of the workspace: list, decide, check.');
  pairs
    .command('list', { isDefault: true })
    .description('List the pairs of a set, or of all sets, as they stand.')
    .option('--set <name>', 'one set only')
    .addOption(new Option('--decision <decision>', 'those that stand so').choices(['approved', 'rejected', 'pending']))
    .addHelpText(
      'after',
      examples(['foil pairs', 'all of them, with their gap in length'], ['foil pairs --json', 'one JSON line a pair']),
    )
    .action(run(list));
  pairs
    .command('sets')
    .description('List the sets of pairs.')
    .addHelpText('after', examples(['foil pairs sets', 'how many pairs of each are approved']))
    .action(run(sets));
  for (const [verb, description] of Object.entries(VERBS) as [keyof typeof VERBS, string][]) {
    const command = pairs.command(`${verb} <pairs...>`).description(description);
    if (verb === 'approve' || verb === 'reject') command.option('--note <text>', 'why, kept with the decision');
    deciding(command)
      .addHelpText('after', examples([`foil pairs ${verb} it1/s1.t4`, 'SET/ID, or an id that is in one set only']))
      .action(run((cli: Cli, names: string[], options: DecideOptions) => decide(cli, names, options, { type: verb })));
  }
  deciding(pairs.command('note <pair> <text>').description('Write a note on a pair; an empty text takes it away.'))
    .addHelpText('after', examples(['foil pairs note it1/s1.t4 "too polite"', 'the newest note of a reviewer holds']))
    .action(
      run((cli: Cli, name: string, text: string, options: DecideOptions) =>
        decide(cli, [name], options, { type: 'note', text }),
      ),
    );
  deciding(
    pairs.command('approve-all <set>').description('Approve every pending pair of a set, by a rule that is recorded.'),
  )
    .addHelpText(
      'after',
      examples(['foil pairs approve-all it1 --reviewer rule:sign', "rules' verdicts give way to persons'"]),
    )
    .action(
      run(async (cli: Cli, set: string, options: DecideOptions) => {
        const pending = (await (await cli.pairs()).list(set)).filter(
          ({ decision, review }) => decision === 'pending' && !review.conflict,
        );
        const names = pending.map(({ id }) => `${set}/${id}`);
        return await decide(cli, names, { reviewer: 'rule:all', ...options, set }, { type: 'approve' });
      }),
    );
  deciding(pairs.command('stats').description('Counts, pace, and agreement with D, oneself and other reviewers.'))
    .addHelpText(
      'after',
      examples(['foil pairs stats --set it1', 'of one set'], ['foil pairs stats --pass 2', 'of a second pass']),
    )
    .action(run(stats));
  pairs
    .command('lint')
    .description('Look for what pairs should not teach: length, copies, personal data, control characters.')
    .option('--set <name>', 'one set only')
    .addHelpText('after', examples(['foil pairs lint --set it1', 'warnings of each pair, and of the set']))
    .action(run(lint));
}

function deciding(command: Command): Command {
  return command
    .option('--set <name>', 'one set only')
    .option('--reviewer <name>', 'who decides (default: the user of this machine)')
    .option('--pass <n>', '2 or more: judging again', integer(1), 1);
}

async function list(cli: Cli, { set, decision }: SetOptions & { decision?: string }): Promise<undefined> {
  const { lengthGap } = await import('../../core/preference/lint.ts');
  const pairs = (await (await cli.pairs()).list(set)).filter(
    (pair) => decision === undefined || pair.decision === decision,
  );
  for (const pair of pairs) {
    cli.out.event({ event: 'pair', pair });
    printPair(cli, pair);
  }
  const { words } = lengthGap(pairs);
  cli.out.event({ event: 'done', pairs: pairs.length, mean_words: words ?? { chosen: 0, rejected: 0 } });
  cli.out.line(
    `${pairs.length} pairs${words ? `; words on average: chosen ${words.chosen.toFixed(1)}, rejected ${words.rejected.toFixed(1)}` : ''}`,
  );
  return undefined;
}

function printPair(cli: Cli, { set, id, origin, decision, t, session, chosen, rejected, review }: ReviewedPair): void {
  const state = review.conflict ? 'in conflict' : review.skipped ? 'skipped' : decision;
  const flags = [review.swapped ? 'swapped' : '', review.edited ? 'edited' : ''].filter(Boolean);
  cli.out.line(`${set}/${id}  ${[origin, state, ...flags].join(', ')}, t ${t} of ${session}`);
  cli.out.line(`  + ${sideText(chosen)}`);
  cli.out.line(`  - ${sideText(rejected)}`);
  for (const note of review.notes) cli.out.line(`  note: ${note}`);
}

async function sets(cli: Cli): Promise<undefined> {
  const store = await cli.pairs();
  const found = await store.sets();
  for (const set of found) {
    const { name, pairs, approved, rejected, pending, reviewers } = set;
    cli.out.event({ event: 'set', ...set });
    const by = reviewers.length > 0 ? `, by ${reviewers.join(', ')}` : '';
    cli.out.line(`${name}: ${pairs} pairs, ${approved} approved, ${rejected} rejected, ${pending} pending${by}`);
  }
  cli.out.event({ event: 'done', sets: found.length });
  if (found.length === 0) cli.out.line('no pairs yet: foil mine CORPUS --set NAME, or m on two alternatives in Chat');
  return undefined;
}

/** The sitting that a command of the shell stands for: one reviewer, open, over these sets. */
async function sitting(cli: Cli, options: DecideOptions): Promise<ReviewState> {
  const { openState } = await import('../../core/workflows/review/machine.ts');
  const { readSets } = await import('../../core/workflows/review/review.ts');
  const filter = { decided: 'all', ...(options.set === undefined ? {} : { sets: [options.set] }) } as const;
  const review = { ...REVIEW_DEFAULTS, reviewer: reviewerOf(cli, options.reviewer), pass: options.pass, filter };
  const records = await readSets(await cli.pairs(), filter.sets);
  return openState(records, review, cli.clock.now().getTime());
}

async function decide(
  cli: Cli,
  names: readonly string[],
  options: DecideOptions,
  command: ReviewCommand & { type: keyof typeof VERBS | 'note' },
): Promise<undefined> {
  const { refusal, step, undoPair } = await import('../../core/workflows/review/machine.ts');
  const store = await cli.pairs();
  const all = await (await cli.pairs()).list(options.set);
  // All names are looked up before anything is written.
  const targets = names.map((name) => findPair(all, name));
  let state = await sitting(cli, options);
  const note: ReviewCommand[] = options.note === undefined ? [] : [{ type: 'note', text: options.note }];
  for (const { set, id } of targets) {
    state = step(state, { type: 'goto', set, pair: id }, cli.clock.now().getTime()).state;
    for (const one of [...note, command]) {
      const now = cli.clock.now().getTime();
      const done = one.type === 'undo' ? undoPair(state, now) : step(state, one, now);
      const refused = refusal(done, `${set}/${id}`);
      if (refused) throw refused;
      for (const { decision } of done.write) {
        // Nothing was on a screen.
        await store.decide(set, { ...decision, ms: null });
        cli.out.event({ event: 'decision', set, decision: { ...decision, ms: null } });
      }
      state = done.state;
    }
  }
  const after = new Map((await store.list(options.set)).map((pair) => [`${pair.set}/${pair.id}`, pair]));
  for (const { set, id } of targets) {
    const pair = after.get(`${set}/${id}`);
    if (pair && targets.length <= SHOWN) printPair(cli, pair);
  }
  cli.out.event({ event: 'done', pairs: targets.length });
  if (targets.length > SHOWN) cli.out.line(`${targets.length} pairs`);
  return undefined;
}

/** More pairs than these are counted and not printed. */
const SHOWN = 10;

async function stats(cli: Cli, options: DecideOptions): Promise<undefined> {
  const { reviewStats } = await import('../../core/workflows/review/stats.ts');
  const { lengthGap } = await import('../../core/preference/lint.ts');
  const state = await sitting(cli, options);
  const found = reviewStats(state, cli.clock.now().getTime());
  const approved = (await (await cli.pairs()).list(options.set)).filter(({ decision }) => decision === 'approved');
  const { reviewer, pass } = state.options;
  cli.out.event({ event: 'done', reviewer, pass, ...found, approved_pairs: approved.length, ...lengthGap(approved) });
  printStats(cli, `${reviewer}, pass ${pass}`, found);
  const { words } = lengthGap(approved);
  cli.out.line(
    `approved by all: ${approved.length}${words ? `; words: chosen ${words.chosen.toFixed(1)}, rejected ${words.rejected.toFixed(1)}` : ''}`,
  );
  return undefined;
}

function printStats({ out }: Cli, who: string, stats: ReviewStats): void {
  const { pace, agreement, blindAgreement, self, others } = stats;
  const kappa = (value: number | null) => (value === null ? 'not defined' : value.toFixed(2));
  out.line(
    `${who}: ${stats.approved} approved, ${stats.rejected} rejected, ${stats.skipped} skipped, ${stats.pending} pending`,
  );
  if (pace.medianSeconds !== null) out.line(`median time of a decision: ${pace.medianSeconds.toFixed(1)} s`);
  for (const [name, { n, share, interval, none }] of [
    ['with D', agreement],
    ['with D, blind', blindAgreement],
  ] as const) {
    if (share === null || !interval) continue;
    const range = `${Math.round(100 * interval.low)} to ${Math.round(100 * interval.high)}%`;
    out.line(
      `agreement ${name}: ${Math.round(100 * share)}% of ${n} (95% interval ${range}), ${none} for neither side`,
    );
  }
  if (self)
    out.line(
      `agreement with oneself, pass ${self.passes.join(' and ')}: ${Math.round(100 * self.agree)}% of ${self.n}, kappa ${kappa(self.kappa)}`,
    );
  for (const other of others) {
    out.line(
      `agreement with ${other.reviewer}: ${Math.round(100 * other.agree)}% of ${other.n}, Cohen's kappa ${kappa(other.kappa)}`,
    );
  }
  out.line(`against D: ${stats.againstD}; reviewers in conflict: ${stats.conflicts}`);
}

async function lint(cli: Cli, { set }: SetOptions): Promise<undefined> {
  const { lintPair, lintSet } = await import('../../core/preference/lint.ts');
  const pairs = await (await cli.pairs()).list(set);
  for (const pair of pairs) {
    const warnings = lintPair(pair);
    if (warnings.length === 0) continue;
    cli.out.event({ event: 'lint', set: pair.set, pair: pair.id, warnings });
    cli.out.line(`${pair.set}/${pair.id}`);
    for (const { code, side, text } of warnings) cli.out.line(`  ${code}${side ? `, ${side}` : ''}: ${text}`);
  }
  const whole = lintSet(pairs);
  cli.out.event({ event: 'done', ...whole });
  for (const [code, count] of Object.entries(whole.counts))
    if (count > 0) cli.out.line(`${code}: ${count} of ${whole.pairs}`);
  for (const warning of whole.warnings) cli.out.line(warning);
  if (pairs.length > 0 && whole.warnings.length === 0) cli.out.line('nothing odd about the lengths of the set');
  return undefined;
}
