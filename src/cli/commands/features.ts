import type { Command } from 'commander';
import { FoilError } from '../../core/errors.ts';
import { type LexicalFeatures, lexicalFeatures, summarise, WORD_RULE } from '../../core/metrics/lexical.ts';
import type { Cli, Run } from '../cli.ts';
import { readCorpus } from '../corpus.ts';
import { examples } from '../options.ts';

/** Holds three figures of up to five digits before the point, and a gap. */
const WIDTH = 30;
const COLUMNS = ['entropy', 'ttr', 'bigramDiversity', 'wordsPerTurn', 'words', 'userTurns'] as const;

/** `foil features`: Table 1 for corpora of this workspace. */
export function registerFeatures(program: Command, run: Run): void {
  program
    .command('features <corpus...>')
    .description('Linguistic features of the user turns (Table 1), one line a corpus: mean, median, sd over sessions.')
    .option('--same-contexts', 'of a real corpus only the sessions whose contexts the simulated ones were given')
    .addHelpText('after', examples(['foil features esconv-valid it0-valid --same-contexts', 'real beside simulated']))
    .action(run(features));
}

async function features(cli: Cli, corpora: string[], options: { sameContexts?: boolean }): Promise<undefined> {
  const found = new Map<string, { id: string; of: string | null; features: LexicalFeatures }[]>();
  for (const corpus of corpora) {
    const list = [];
    for await (const session of readCorpus(cli, corpus)) {
      const of = session.meta['context_of'];
      const values = lexicalFeatures(session);
      if (values) list.push({ id: session.id, of: of === undefined ? null : String(of), features: values });
    }
    found.set(corpus, list);
  }
  const contexts = new Set([...found.values()].flat().flatMap((session) => session.of ?? []));
  cli.out.line(`words: ${WORD_RULE}; entropy in bits; mean / median / sd over sessions`);
  cli.out.line(`${'corpus'.padEnd(24)}${'n'.padStart(5)}${COLUMNS.map((name) => name.padStart(WIDTH)).join('')}`);
  for (const [corpus, sessions] of found) {
    const kept = options.sameContexts ? sessions.filter(({ id, of }) => of !== null || contexts.has(id)) : sessions;
    if (kept.length === 0) {
      throw new FoilError('no-sessions', `no session of ${corpus} is left to measure`, {
        remedy: 'leave --same-contexts out, or simulate on the contexts of that corpus',
      });
    }
    const table = Object.fromEntries(
      COLUMNS.map((name) => [name, summarise(kept.map((session) => session.features[name]))]),
    );
    cli.out.event({ event: 'features', corpus, sessions: kept.length, words: WORD_RULE, ...table });
    const cells = Object.values(table).map(({ mean, median, sd }) =>
      `${mean.toFixed(3)} / ${median.toFixed(3)} / ${sd.toFixed(3)}`.padStart(WIDTH),
    );
    cli.out.line(`${corpus.padEnd(24)}${String(kept.length).padStart(5)}${cells.join('')}`);
  }
  return undefined;
}
