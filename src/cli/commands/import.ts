import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ImportEvent, ImportReport } from '../../backends/import/import.ts';
import { FoilError, formatPlace } from '../../core/errors.ts';
import { formatBytes, formatDuration } from '../../core/text/quantity.ts';
import type { Cli, Run } from '../cli.ts';
import { examples } from '../options.ts';

interface ImportFlags {
  readonly corpus?: string;
  readonly format: 'auto' | 'foil' | 'openai' | 'sharegpt';
  readonly pii: 'remove' | 'keep';
  readonly skipBad: boolean;
  readonly simulator?: string;
  readonly pairs?: string;
}

/** `foil import`: foreign files become a corpus of the workspace. */
export function registerImport(program: Command, run: Run): void {
  program
    .command('import')
    .description(
      'Add the sessions of files or folders to a corpus of the workspace. Personal data is replaced by placeholders; nothing leaves the machine.',
    )
    .argument('<paths...>', '.jsonl or .jsonl.gz files, or folders of them')
    .option('--corpus <name>', 'corpus to add them to (default: the name of the first path)')
    .addOption(
      new Option('--format <format>', 'what the records are')
        .choices(['auto', 'foil', 'openai', 'sharegpt'])
        .default('auto'),
    )
    .addOption(
      new Option('--pii <what>', 'personal data: names, phones, e-mails, addresses, ids, links')
        .choices(['remove', 'keep'])
        .default('remove'),
    )
    .option('--skip-bad', 'count records that cannot be imported and go on, instead of stopping at the first', false)
    .option('--simulator <name>', 'what wrote the user turns of records that do not say; without it they count as real')
    .option('--pairs <set>', 'the records are preference pairs (TRL, ShareGPT, or of Foil): add them to this set')
    .addHelpText(
      'after',
      examples(
        ['foil import chats.jsonl --corpus support', 'a file, its format found out'],
        ['foil import data/esconv', 'a folder, to the corpus "esconv"'],
        ['foil import simulated.jsonl --simulator gpt-user', 'sessions whose users a model played'],
        ['foil import pairs.jsonl --pairs it1', 'preference pairs'],
      ),
    )
    .action(run(importSessions));
}

async function importSessions(cli: Cli, paths: readonly string[], flags: ImportFlags): Promise<undefined> {
  if (flags.pairs !== undefined) return await importPairSet(cli, paths, flags.pairs, flags.pii);
  const { importCorpus } = await import('../../backends/import/import.ts');
  const { format, pii, skipBad, simulator } = flags;
  const work = importCorpus({
    store: await cli.sessions(),
    corpus: flags.corpus ?? corpusName(paths[0] ?? ''),
    paths: paths.map((path) => resolve(cli.around.cwd, path)),
    format,
    pii,
    skipBad,
    ...(simulator !== undefined && { simulator }),
    signal: cli.signal,
  });
  const begun = performance.now();
  while (true) {
    const next = await work.next();
    if (next.done) return report(cli, next.value, (performance.now() - begun) / 1000);
    show(cli, next.value, (performance.now() - begun) / 1000);
  }
}

/** `data/esconv/` and `data/esconv.jsonl.gz` make the corpus "esconv". */
function corpusName(path: string): string {
  const name = basename(resolve(path)).replace(/(\.jsonl)?(\.gz)?$/, '');
  if (/^[A-Za-z0-9][\w.-]*$/.test(name)) return name;
  throw new FoilError('usage', `"${name}" cannot be the name of a corpus`, {
    remedy: 'name one with --corpus NAME: letters, digits, - and _',
  });
}

function show({ out }: Cli, event: ImportEvent, seconds: number): void {
  if (event.type === 'bad') {
    const { code, message, where, remedy } = event.error;
    out.event({ event: 'bad', code, message, where, remedy });
    out.notice(`skipped: ${[formatPlace(where), message].filter(Boolean).join(': ')}`);
  } else if (event.type === 'file') {
    out.event({ event: 'file', file: event.file, format: event.format, bytes: event.bytes });
  } else {
    const share = event.total === 0 ? 1 : event.bytes / event.total;
    const rest = (seconds / share) * (1 - share);
    const left = share > 0.02 && rest >= 1 ? `, ${formatDuration(rest)} left` : '';
    const text = `${Math.round(share * 100)}% of ${formatBytes(event.total)}, ${event.sessions} sessions${left}`;
    out.progress({ step: `importing ${basename(event.file)}`, text });
  }
}

function report({ out }: Cli, report: ImportReport, seconds: number): undefined {
  out.progress(null);
  out.event({ event: 'imported', ...report });
  const { added, read, duplicates, bad, mergedMessages, droppedMessages } = report;
  out.line(
    `Corpus ${report.corpus}: ${added} sessions added of ${read} read in ${formatDuration(seconds)}, ${report.userTurns} user and ${report.assistantTurns} chatbot turns.`,
  );
  const notes: [count: number, text: string][] = [
    [duplicates, 'were there already'],
    [bad, 'could not be imported'],
    [mergedMessages, 'messages joined to the one before, of the same speaker'],
    [droppedMessages, 'messages of tools left out'],
  ];
  for (const [count, text] of notes) if (count > 0) out.line(`  ${count} ${text}`);
  const kinds = Object.entries(report.pii.kinds).filter(([, { count }]) => count > 0);
  if (report.pii.mode === 'keep') out.line('Personal data was kept.');
  else if (kinds.length === 0) out.line('No personal data was found.');
  else
    out.line(
      `Personal data replaced in ${report.pii.sessions} sessions: ${kinds.map(([kind, { count }]) => `${count} ${kind}`).join(', ')}.`,
    );
  return;
}

async function importPairSet(
  cli: Cli,
  paths: readonly string[],
  set: string,
  pii: 'remove' | 'keep',
): Promise<undefined> {
  const { importPairs } = await import('../../backends/import/pairs.ts');
  const { clock, signal } = cli;
  const files = paths.map((path) => resolve(cli.around.cwd, path));
  const report = await importPairs({ store: await cli.pairs(), set, paths: files, pii, clock, signal });
  cli.out.event({ event: 'done', set, ...report });
  cli.out.line(
    `Set ${set}: ${report.added} pairs added of ${report.read} read, ${report.duplicates} were there already.`,
  );
  if (report.redacted > 0) cli.out.line(`Personal data was replaced in ${report.redacted} of them.`);
  return undefined;
}
