import type { Command } from 'commander';
import type { Finding } from '../../backends/setup/doctor/check.ts';
import type { Cli, Run } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { examples } from '../options.ts';

const SIGN = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

/** `foil doctor`: what this machine lacks, and how to mend it. */
export function registerDoctor(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('Check this machine and workspace, and say how to mend what is missing. Exits 1 if a check fails.')
    .option('--fix', 'mend what can be mended without losing anything', false)
    .addHelpText(
      'after',
      examples(
        ['foil doctor', 'check everything'],
        ['foil doctor --fix', 'also remove stale locks and rebuild a broken index'],
        ['foil doctor --json', 'one line a check'],
      ),
    )
    .action(run(doctor));
}

async function doctor(cli: Cli, options: { readonly fix: boolean }): Promise<number> {
  const { examine } = await import('../../backends/setup/doctor/doctor.ts');
  const { out, around, workspace, signal } = cli;
  const { stdout, stdin, env } = around;
  const terminal = {
    isTTY: Boolean(stdout.isTTY && stdin.isTTY),
    columns: stdout.columns ?? 0,
    rows: 'rows' in stdout && typeof stdout.rows === 'number' ? stdout.rows : 0,
    colours: 'getColorDepth' in stdout && typeof stdout.getColorDepth === 'function' ? stdout.getColorDepth() : 1,
  };
  const counts = { ok: 0, warn: 0, fail: 0 };
  for await (const finding of examine({ workspace, env, signal, terminal })) {
    const fixed = options.fix ? await finding.fix?.() : undefined;
    counts[fixed === undefined ? finding.status : 'ok'] += 1;
    print(cli, finding, fixed);
  }
  out.event({ event: 'summary', ...counts });
  out.line();
  out.line(
    counts.fail === 0
      ? `Foil works here${counts.warn === 0 ? '' : `; ${counts.warn} to look at`}.`
      : `${counts.fail} failed, ${counts.warn} to look at.`,
  );
  return counts.fail === 0 ? EXIT.done : EXIT.failed;
}

function print({ out }: Cli, finding: Finding, fixed: string | undefined): void {
  const { id, title, status, detail, remedy } = finding;
  out.event({ event: 'check', id, title, status, detail, remedy, ...(fixed !== undefined && { fixed }) });
  out.line(`${SIGN[status]}  ${title.padEnd(22)} ${detail}`);
  if (fixed !== undefined) out.line(`      → mended: ${fixed}`);
  else for (const step of remedy) out.line(`      → ${step}`);
}
