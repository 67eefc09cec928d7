import type { Command } from 'commander';
import type { Cli, Run } from '../cli.ts';
import { examples } from '../options.ts';

/** `foil pairs`: the preference pairs made by hand. */
export function registerPairs(program: Command, run: Run): void {
  program
    .command('pairs')
    .description('List the preference pairs of the workspace.')
    .addHelpText(
      'after',
      examples(['foil pairs', 'all of them, with their gap in length'], ['foil pairs --json', 'one JSON line a pair']),
    )
    .action(
      run(async (cli: Cli) => {
        const pairs = await (await cli.pairs()).list();
        const words = (text: string) => text.split(/\s+/u).filter(Boolean).length;
        for (const pair of pairs) {
          cli.out.event({ event: 'pair', pair });
          const r = (value: number | null) => (value === null ? '-' : value.toFixed(2));
          cli.out.line(`${pair.id}  ${pair.origin}, ${pair.decision}, t ${pair.t} of ${pair.session}`);
          cli.out.line(`  + r ${r(pair.chosen.r)}  ${pair.chosen.content.replaceAll('\n', ' ')}`);
          cli.out.line(`  - r ${r(pair.rejected.r)}  ${pair.rejected.content.replaceAll('\n', ' ')}`);
        }
        const mean = (side: 'chosen' | 'rejected') =>
          pairs.length === 0 ? 0 : pairs.reduce((sum, pair) => sum + words(pair[side].content), 0) / pairs.length;
        const length = { chosen: mean('chosen'), rejected: mean('rejected') };
        cli.out.event({ event: 'done', pairs: pairs.length, mean_words: length });
        // Unwatched, pairs teach length: the gap stands beside every set of them.
        cli.out.line(
          `${pairs.length} pairs; words on average: chosen ${length.chosen.toFixed(1)}, rejected ${length.rejected.toFixed(1)}`,
        );
        return undefined;
      }),
    );
}
