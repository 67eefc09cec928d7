import { FoilError } from '../core/errors.ts';
import type { RunPorts } from '../core/stage/ports.ts';
import type { Progress } from '../core/stage/progress.ts';
import type { RunSummary } from '../core/stage/run.ts';
import { hyperOf, sameValue, showHyper } from '../core/stage/table.ts';
import type { HyperValue } from '../core/stage/table-schema.ts';
import { lookAt, readProgress } from '../core/workflows/runs/watch.ts';
import type { Cli } from './cli.ts';
import { findRun } from './run-output.ts';

/** Steps at which runs are shown side by side: few enough for a screen, evenly over the longest one. */
const POINTS = 10;

interface Compared {
  readonly id: string;
  readonly summary: RunSummary;
  readonly hyper: Readonly<Record<string, HyperValue>>;
  readonly progress: Progress;
}

/** Losses of runs side by side, and the hyper-parameters in which they differ. */
export async function compare(cli: Cli, ports: RunPorts, given: readonly string[]): Promise<undefined> {
  if (given.length < 2) throw new FoilError('usage', 'a comparison needs two runs', { remedy: 'see `foil runs`' });
  const { out, signal } = cli;
  const table = await ports.trainer.table();
  const runs: Compared[] = [];
  for (const one of given) {
    const id = await findRun(ports, one);
    const summary = await lookAt(ports, id, signal);
    const { stage, preset, changes, seed } = summary.record.request;
    const hyper: Record<string, HyperValue> = { ...hyperOf(table, stage, preset, changes), seed };
    runs.push({ id, summary, hyper, progress: await readProgress(ports, id, signal) });
  }
  const names = [...new Set(runs.flatMap(({ hyper }) => Object.keys(hyper)))];
  const differs = names.filter((name) =>
    runs.some(({ hyper }) => !sameValue(hyper[name] ?? null, runs[0]!.hyper[name] ?? null)),
  );
  for (const { id, summary, hyper, progress } of runs) {
    const different = Object.fromEntries(differs.map((name) => [name, hyper[name] ?? null]));
    out.event({
      event: 'compared',
      run: id,
      report: summary.report,
      different,
      points: progress.points,
      valid: progress.valid,
    });
  }
  const width = Math.max(12, ...runs.map(({ id }) => id.length));
  const row = (head: string, cells: readonly string[]) =>
    out.line([head.padEnd(14), ...cells.map((cell) => cell.padStart(width))].join('  ').trimEnd());
  row(
    '',
    runs.map(({ id }) => id),
  );
  row(
    'state',
    runs.map(({ summary }) => summary.report.state),
  );
  for (const name of differs)
    row(
      name,
      runs.map(({ hyper }) => showHyper(hyper[name] ?? null)),
    );
  const last = Math.max(1, ...runs.map(({ progress }) => progress.step ?? 1));
  const steps = [...new Set(Array.from({ length: POINTS }, (_, k) => Math.ceil((last * (k + 1)) / POINTS)))];
  for (const step of steps) {
    const loss = runs.map(({ progress }) => progress.points.find((point) => point.step === step)?.loss ?? null);
    if (loss.some((value) => value !== null)) row(`loss at ${step}`, loss.map(figure));
  }
  row(
    'validation',
    runs.map(({ progress }) => figure(progress.valid.at(-1)?.loss ?? null)),
  );
  const accuracies = runs.map(({ progress }) => progress.valid.at(-1)?.accuracy ?? null);
  if (accuracies.some((value) => value !== null)) row('accuracy', accuracies.map(figure));
  return undefined;
}

const figure = (value: number | null) => (value === null ? '-' : value.toFixed(4));
