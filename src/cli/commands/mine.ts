import { type Command, Option } from 'commander';
import type { CriticalOptions } from '../../core/preference/mined.ts';
import { formatDuration } from '../../core/text/quantity.ts';
import type { Funnel } from '../../core/workflows/mine/funnel.ts';
import type { MineRequest } from '../../core/workflows/mine/mine.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer, number } from '../options.ts';

interface MineOptions {
  readonly set?: string;
  readonly simulator?: string;
  readonly discriminator?: string;
  readonly per: CriticalOptions['per'];
  readonly highest: number;
  readonly lowest: number;
  readonly random: boolean;
  readonly n: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed: number;
  readonly margin: number;
  readonly similarity: number | false;
  readonly maxRatio?: number;
  readonly maxDifference?: number;
  readonly search: boolean;
  readonly limit?: number;
  readonly concurrency: number;
  readonly reuse?: string;
  readonly dryRun?: boolean;
  readonly probe: number;
}

/** `foil mine`: preference pairs from the critical turns of a corpus (Algorithm 1, lines 6 to 8). */
export function registerMine(program: Command, run: Run): void {
  program
    .command('mine <corpus>')
    .description('Mine preference pairs at the turns of highest and lowest reward; goes on where it was cut off.')
    .option('--set <name>', 'set that the pairs go to (default: the name of the corpus)')
    .option(
      '--simulator <name>',
      'writes the alternatives (default: the one that wrote the corpus, else that of foil.yaml)',
    )
    .option('--discriminator <name>', 'instead of the one in foil.yaml')
    .addOption(
      new Option('--per <what>', 'critical turns of each session, or over the whole corpus')
        .choices(['session', 'corpus'])
        .default('session'),
    )
    .option('--highest <n>', 'turns of highest r_t', integer(0), 1)
    .option('--lowest <n>', 'turns of lowest r_t', integer(0), 1)
    .option('--random', 'as many turns drawn at random instead: the control', false)
    .option('-n <count>', 'alternatives a turn (the paper: 8)', integer(1, 64), 8)
    .option(
      '--temperature <t>',
      "of the alternatives (this and the next two: the simulator's own if not given)",
      number(0.01, 5),
    )
    .option('--top-p <p>', 'of the alternatives', number(0.01, 1))
    .option('--top-k <n>', 'of the alternatives (0: all tokens)', integer(0))
    .option('--seed <n>', 'of alternatives and of what is drawn', integer(0), 1)
    .option('--margin <r>', 'least r_chosen - r_rejected', number(0), 0)
    .option('--similarity <s>', 'sides this similar are near-duplicates (1: the same)', number(0.01, 1), 0.9)
    .option('--no-similarity', 'no near-duplicate rule')
    .option('--max-ratio <x>', 'length matching: the longer side has at most x times the words', number(1))
    .option('--max-difference <n>', 'length matching: or at most n words more', integer(0))
    .option('--no-search', 'where best against worst breaks a rule, do not look for another pair')
    .option('--limit <n>', 'first n sessions only', integer(1))
    .option('--concurrency <n>', 'turns at a time, for servers that batch', integer(1, 256), 1)
    .option('--reuse <set>', 'take the samples of a set over that was mined with other rules')
    .option('--dry-run', 'estimate the yield from a small probe; nothing is added to a set')
    .option('--probe <n>', 'critical turns that a dry run samples', integer(1), 16)
    .addHelpText(
      'after',
      examples(
        ['foil mine it0-train --set it1', '8 alternatives at two turns a session'],
        ['foil mine it0-train --dry-run', 'how many pairs to expect, and how long it takes'],
        ['foil mine it0-train --set it1-even --max-ratio 1.5 --max-difference 3', 'lengths matched'],
        ['foil mine it0-train --set it1-warm --temperature 1.3', 'alternatives that differ more'],
        ['foil mine it0-train --set control --random', 'the same number of turns, drawn at random'],
      ),
    )
    .action(run(mineCommand));
}

async function mineCommand(cli: Cli, corpus: string, options: MineOptions): Promise<undefined> {
  const { out } = cli;
  const request = await requestOf(cli, corpus, options);
  const store = await cli.sessions();
  const ports = { sessions: store, pairs: await cli.pairs(), clock: cli.clock };
  if (options.dryRun) return await dryRun(cli, request, options);
  const { mine } = await import('../../core/workflows/mine/mine.ts');
  for await (const event of mine(ports, request, cli.signal)) {
    if (event.type === 'scored') {
      out.event({ event: 'scored', session: event.session });
      out.progress({ step: `scoring ${corpus}`, text: `session ${event.done}` });
    } else if (event.type === 'planned') {
      const { type: _, ...plan } = event;
      out.event({ event: 'planned', ...plan });
      if (plan.real > 0) {
        out.notice(
          `${plan.real} of ${plan.sessions} sessions are of real people: pairs of their turns are not the simulator's own (3.5 mines simulated ones)`,
        );
      }
      if (plan.finished > 0) out.notice(`${plan.finished} of ${plan.critical} critical turns were mined before`);
    } else if (event.type === 'turn') {
      const { turn, pair, done, of } = event;
      const { session, t, kind, outcome } = turn;
      out.event({ event: 'turn', session, t, kind, outcome, pair });
      out.progress({ step: `mining ${corpus}`, text: `${done} of ${of} turns` });
    } else {
      out.progress(null);
      out.event({ event: 'done', set: event.set, funnel: event.funnel });
      printFunnel(cli, event.funnel);
      out.line(`set ${event.set}: review them with F4, or foil review --set ${event.set}`);
    }
  }
  return undefined;
}

async function requestOf(cli: Cli, corpus: string, options: MineOptions): Promise<MineRequest> {
  const { tornError } = await import('../../backends/store/records.ts');
  const { formatError } = await import('../../core/errors.ts');
  const { sampledWith } = await import('../../core/workflows/mine/sampled.ts');
  const registry = await cli.registry();
  const roles = await cli.roles();
  const names = new Set((await registry.list()).filter(({ kind }) => kind === 'simulator').map(({ name }) => name));
  const author = options.simulator ?? (await authorOf(cli, corpus));
  const simulator = options.simulator ?? (author !== null && names.has(author) ? author : roles.simulator);
  const discriminator = options.discriminator ?? roles.discriminator ?? 'discriminator-it0';
  const { per, highest, lowest, random, n, seed, margin, search, limit, concurrency, reuse } = options;
  const { temperature, topP, topK } = options;
  const sampling = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
  };
  return {
    corpus,
    set: options.set ?? corpus,
    simulator: sampledWith(await registry.chatModel(simulator, 'simulator', cli.signal), sampling),
    discriminator: await registry.discriminator(discriminator, cli.signal),
    critical: { per, highest, lowest, random },
    ...{ n, seed, limit, concurrency, reuse },
    rules: {
      margin,
      similarity: options.similarity === false ? null : options.similarity,
      ratio: options.maxRatio ?? null,
      difference: options.maxDifference ?? null,
      search,
    },
    onTorn: ({ file, line }) => cli.out.notice(formatError(tornError(file, line))),
  };
}

/** The simulator of the first session of a corpus; null for real ones. */
async function authorOf(cli: Cli, corpus: string): Promise<string | null> {
  for await (const { origin } of (await cli.sessions()).stream(corpus))
    return origin === 'real' ? null : origin.simulator;
  return null;
}

async function dryRun(cli: Cli, request: MineRequest, { probe }: MineOptions): Promise<undefined> {
  const { estimateYield } = await import('../../core/workflows/mine/estimate.ts');
  const { out } = cli;
  const ports = { sessions: await cli.sessions(), clock: cli.clock };
  const work = estimateYield(ports, { ...request, probe }, cli.signal);
  for (;;) {
    const next = await work.next();
    if (next.done) {
      const estimate = next.value;
      const { sessions, scored, critical, share, pairs, seconds } = estimate;
      out.progress(null);
      out.event({ event: 'done', dry_run: true, ...estimate });
      out.line(`${sessions} sessions (${scored} with scores), ${critical} critical turns`);
      if (!share || !pairs) {
        out.line('there is no critical turn to probe');
        return undefined;
      }
      out.line(
        `of ${estimate.probe.sampled} turns that were sampled, ${estimate.probe.kept} gave a pair: ` +
          `${percent(share.mean)} (95% interval ${percent(share.low)} to ${percent(share.high)})`,
      );
      out.line(`to be expected: ${pairs.expected} pairs (${pairs.low} to ${pairs.high})`);
      if (seconds !== null) out.line(`time: about ${formatDuration(seconds)} at this speed, one turn at a time`);
      printFunnel(cli, estimate.probe);
      return undefined;
    }
    const event = next.value;
    if (event.type === 'scored') out.progress({ step: `scoring ${request.corpus}`, text: `session ${event.done}` });
    else out.progress({ step: 'probing', text: `${event.done} of ${event.of} turns` });
  }
}

function printFunnel({ out }: Cli, funnel: Funnel): void {
  const { dropped, words } = funnel;
  const rows: [string, number, string][] = [
    ['sessions', funnel.sessions, ''],
    ['scored', funnel.scored, ''],
    ['critical turns', funnel.critical, ''],
    ['sampled', funnel.sampled, `${funnel.candidates} candidates, ${funnel.endsWithoutWords} ends without words`],
    ['some r > 0', funnel.positive, `no r > 0: ${dropped['no-positive']}`],
    ['some r < 0', funnel.negative, `no r < 0: ${dropped['no-negative']}`],
    ['both', funnel.both, ''],
    ['margin', funnel.margin, dropped.margin > 0 ? `dropped ${dropped.margin}` : ''],
    [
      'not near-duplicate',
      funnel.distinct,
      dropped['near-duplicate'] > 0 ? `dropped ${dropped['near-duplicate']}` : '',
    ],
    ['length', funnel.length, dropped.length > 0 ? `dropped ${dropped.length}` : ''],
    ['kept', funnel.kept, funnel.searched > 0 ? `${funnel.searched} not best against worst` : ''],
  ];
  for (const [name, count, more] of rows) out.line(`${name.padEnd(20)}${String(count).padStart(7)}  ${more}`.trimEnd());
  if (!words) return;
  out.line(`words: chosen ${words.chosen.toFixed(1)}, rejected ${words.rejected.toFixed(1)}`);
  if (Math.max(words.chosen, words.rejected) > GAP * Math.min(words.chosen, words.rejected)) {
    const teaches = words.chosen > words.rejected ? 'longer' : 'shorter';
    out.notice(`the pairs teach ${teaches} turns; match lengths with --max-ratio and --max-difference`);
  }
}

/** A gap in mean words that is told: a half more. */
const GAP = 1.5;

const percent = (share: number) => `${Math.round(100 * share)}%`;
