import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { EXCHANGE_FORMATS, type ExchangeFormat } from '../../core/preference/exchange.ts';
import type { LengthMatch } from '../../core/prompt/rows.ts';
import type { Session } from '../../core/session/schema.ts';
import type { Cli, Run } from '../cli.ts';
import { readCorpus } from '../corpus.ts';
import { examples, integer } from '../options.ts';

/** `foil export`: rows for the training stages, built by the code that builds the prompts of the chat. */
export function registerExport(program: Command, run: Run): void {
  const command = program
    .command('export')
    .description('Write training rows: the very prompts that chat and scoring use.');

  command
    .command('simulator <corpus> <file>')
    .description('Rows of `sft` for a simulator: roles flipped, end of session marked (TRL conversational JSONL).')
    .addHelpText('after', examples(['foil export simulator esconv-train rows.jsonl', 'user turns of a corpus']))
    .action(
      run(async (cli: Cli, corpus: string, file: string) => {
        const { simulatorRow } = await import('../../core/prompt/rows.ts');
        return await write(cli, corpus, file, (session) => simulatorRow(session));
      }),
    );

  command
    .command('chatbot <corpus> <file>')
    .description('Rows of `sft` for a chatbot, from the assistant turns.')
    .requiredOption('--system <text>', 'system text of the chatbot')
    .addHelpText(
      'after',
      examples(['foil export chatbot esconv-train rows.jsonl --system "Listen and help."', 'assistant turns']),
    )
    .action(
      run(async (cli: Cli, corpus: string, file: string, options: { system: string }) => {
        const { chatbotRow } = await import('../../core/prompt/rows.ts');
        return await write(cli, corpus, file, (session) => chatbotRow(session, options.system));
      }),
    );

  command
    .command('discriminator <real> <simulated> <file>')
    .description('Balanced rows of `discriminator`: real sessions and the simulated ones of the same contexts.')
    .addOption(inputOption())
    .addOption(
      new Option('--match <by>', 'how lengths are matched').choices(['turns', 'words', 'none']).default('turns'),
    )
    .option('--no-context', 'leave the context c out')
    .addHelpText(
      'after',
      examples(['foil export discriminator esconv-train it0-train rows.jsonl', 'for discriminator it0']),
    )
    .action(run(exportDiscriminator));

  command
    .command('pairs <set> <file>')
    .description('Preference pairs of a set, as they stand: roles flipped, for TRL or for trainers that read ShareGPT.')
    .addOption(new Option('--format <format>', 'what is written').choices(EXCHANGE_FORMATS).default('trl'))
    .option('--all', 'pending and rejected ones too', false)
    .option('--preview [n]', 'show the first n as the simulator reads them, and write nothing', integer(1))
    .addHelpText(
      'after',
      examples(
        ['foil export pairs it1 pairs.jsonl', 'the approved pairs, for TRL'],
        ['foil export pairs it1 pairs.jsonl --preview 1', 'one pair with the tokens of the template'],
        ['foil import pairs.jsonl --pairs it1-copy', 'reads them back'],
      ),
    )
    .action(run(exportPairs));

  command
    .command('judged <corpus> <file>')
    .description('What a discriminator reads of each session: rows of `score`, to compare engines.')
    .addOption(inputOption())
    .option('--no-context', 'leave the context c out')
    .addHelpText('after', examples(['foil export judged sample rows.jsonl', 'for `npm run train -- score`']))
    .action(
      run(async (cli: Cli, corpus: string, file: string, options: DiscriminatorOptions) => {
        const { judgedRow } = await import('../../core/prompt/rows.ts');
        return await write(cli, corpus, file, (session) => judgedRow(session, options));
      }),
    );
}

interface PairsOptions {
  readonly format: ExchangeFormat;
  readonly all: boolean;
  readonly preview?: number | true;
}

async function exportPairs(cli: Cli, set: string, file: string, options: PairsOptions): Promise<undefined> {
  const { exportPair } = await import('../../core/preference/exchange.ts');
  const every = await (await cli.pairs()).list(set);
  const pairs = every.filter(({ decision }) => options.all || decision === 'approved');
  if (options.preview !== undefined) {
    const { previewPair } = await import('../pair-preview.ts');
    for (const pair of pairs.slice(0, options.preview === true ? 1 : options.preview)) await previewPair(cli, pair);
    cli.out.event({ event: 'done', preview: true, pairs: pairs.length });
    return undefined;
  }
  const rows = pairs.map(({ set: _, review: __, ...pair }) => exportPair(pair, options.format));
  await writeRows(cli, file, rows);
  cli.out.event({ event: 'done', file, rows: rows.length, of: every.length });
  cli.out.line(`${rows.length} of ${every.length} pairs written to ${file}`);
  return undefined;
}

/** The options of `discriminator` and `judged` that say what D reads. */
const inputOption = () =>
  new Option('--input <input>', 'what D reads of the chatbot').choices(['user-turns', 'all']).default('user-turns');

interface DiscriminatorOptions {
  readonly input: 'user-turns' | 'all';
  readonly match: LengthMatch;
  readonly context: boolean;
}

async function exportDiscriminator(
  cli: Cli,
  real: string,
  simulated: string,
  file: string,
  options: DiscriminatorOptions,
): Promise<undefined> {
  const { discriminatorRows } = await import('../../core/prompt/rows.ts');
  const sides = [await all(readCorpus(cli, real)), await all(readCorpus(cli, simulated))] as const;
  const rows = discriminatorRows(...sides, options);
  await writeRows(cli, file, rows);
  const pairs = rows.length / 2;
  cli.out.event({ event: 'done', file, rows: rows.length, pairs, without_context: sides[1].length - pairs });
  cli.out.line(
    `${rows.length} rows (${pairs} pairs) written to ${file}; ${sides[1].length - pairs} simulated sessions found no partner`,
  );
  return undefined;
}

async function write(cli: Cli, corpus: string, file: string, row: (session: Session) => object): Promise<undefined> {
  const sessions = await all(readCorpus(cli, corpus));
  await writeRows(cli, file, sessions.map(row));
  cli.out.event({ event: 'done', file, rows: sessions.length });
  cli.out.line(`${sessions.length} rows written to ${file}`);
  return undefined;
}

/** All rows or, after a kill or on a full disk, what was there before: half of the rows would train unnoticed. */
async function writeRows(cli: Cli, file: string, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) {
    const { FoilError } = await import('../../core/errors.ts');
    throw new FoilError('no-rows', `there is no row to write to ${file}`, {
      remedy: 'see what the corpora or the set hold: foil sessions, foil pairs sets',
    });
  }
  const { replaceFile } = await import('../../backends/store/disk.ts');
  await replaceFile(
    resolve(cli.around.cwd, file),
    rows.map((row) => `${JSON.stringify(row)}\n`),
  );
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
