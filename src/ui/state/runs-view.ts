import type { GpuReading, JobState } from '../../core/stage/launcher.ts';
import type { RunAction, RunSummary } from '../../core/stage/run.ts';
import { showHyper } from '../../core/stage/table.ts';
import { formatDuration } from '../../core/text/quantity.ts';
import { fitWidth, wrapRows } from '../../core/text/wrap.ts';
import { formatValue } from '../components/chart.ts';
import { oneRow, type Segment } from '../components/Line.tsx';
import type { Tone } from '../theme.ts';
import { showSource } from './form-fields.ts';
import type { RunDetail } from './runs.ts';

/** A sign, a word and a tone each: the tone says nothing alone. */
export const STATES: Readonly<Record<JobState, { readonly sign: string; readonly tone: Tone }>> = {
  queued: { sign: '○', tone: 'dim' },
  running: { sign: '●', tone: 'ok' },
  done: { sign: '✓', tone: 'plain' },
  failed: { sign: '✗', tone: 'error' },
  cancelled: { sign: '-', tone: 'warn' },
  lost: { sign: '?', tone: 'error' },
  unknown: { sign: '…', tone: 'warn' },
};

export function stateSegment(state: JobState): Segment {
  const { sign, tone } = STATES[state];
  return { text: `${sign} ${state}`.padEnd(12), tone };
}

/** Time since then in one unit: `5 s`, `12 min`, `3 h`, `4 d`. */
export function formatAge(created: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(created)) / 1000));
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

export function formatSteps({ step, steps }: Pick<RunSummary, 'step' | 'steps'>): string {
  return step === null ? '-' : steps === null ? String(step) : `${step}/${steps}`;
}

const STAGE_WORDS = { sft: 'sft', discriminator: 'discr', dpo: 'dpo' } as const;

interface Cells {
  readonly state: string;
  readonly stage: string;
  readonly name: string;
  readonly where: string;
  readonly steps: string;
  readonly loss: string;
  readonly eta: string;
  readonly age: string;
}

/** Cells of the name; the rest of a row takes 67, and notes stand where there is room left. */
function nameCells(width: number): number {
  return Math.max(10, Math.min(width < 118 ? 20 : 40, width - 67));
}

/** Whether there is room for more than a word of notes. */
function hasNotes(width: number): boolean {
  return width - nameCells(width) > 76;
}

function laidOut(cells: Cells, width: number): string {
  const name = nameCells(width);
  const cut = (text: string, room: number) => fitWidth(oneRow(text, room), room);
  return [
    cut(cells.stage, 6),
    cut(cells.name, name),
    ' ',
    cut(cells.where, 7),
    cells.steps.padStart(10),
    cells.loss.padStart(8),
    cells.eta.padStart(11),
    cells.age.padStart(7),
  ].join('');
}

export function runsHeader(width: number): Segment[] {
  const titles = {
    state: '',
    stage: 'stage',
    name: 'name',
    where: 'where',
    steps: 'step',
    loss: 'loss',
    eta: 'time left',
    age: 'age',
  };
  return [
    {
      text: `   ${'state'.padEnd(12)}${laidOut(titles, width)}${hasNotes(width) ? '  notes' : ''}`,
      tone: 'strong',
    },
  ];
}

/** A run in one row. */
export function runCells(run: RunSummary, marked: boolean, now: number, width: number): Segment[] {
  const { record, report } = run;
  const cells = {
    state: report.state,
    stage: STAGE_WORDS[record.stage],
    name: record.name,
    where: record.launcher,
    steps: formatSteps(run),
    loss: run.loss === null ? '-' : formatValue(run.loss),
    eta: run.eta === null ? '-' : formatDuration(run.eta),
    age: formatAge(record.created, now),
  };
  const last = record.notes.at(-1)?.text;
  const said = [record.adopted ? `adopted as ${record.adopted.name}` : '', last ?? ''].filter(Boolean).join(' · ');
  return [
    { text: marked ? '=' : ' ', tone: 'strong' },
    { text: ' ' },
    stateSegment(report.state),
    { text: laidOut(cells, width) },
    ...(hasNotes(width) ? [{ text: `  ${run.failure ?? said}`, tone: 'dim' as const }] : []),
  ];
}

/** What can be done, and the key for it. */
const ACTION_KEYS: Readonly<Record<RunAction, string>> = {
  adopt: 'a adopts it as a model for Chat',
  resume: 'R resumes it from its last checkpoint',
  cancel: 'x cancels it',
  clone: 'c clones it with changes',
};

type Row = readonly Segment[];

/** State, failure, figures, lineage and notes of a run, as rows of `width` cells. */
export function detailRows({ summary, progress, gpus }: RunDetail, now: number, width: number): Row[] {
  if (!summary) return [[{ text: ' reading …', tone: 'dim' }]];
  const { record, report } = summary;
  const rows: Row[] = [];
  const pair = (label: string, value: string, tone?: Tone): void => {
    for (const [index, text] of wrapped(value, width - 14).entries()) {
      rows.push([
        { text: ` ${(index === 0 ? label : '').padEnd(12)} `, tone: 'dim' },
        { text, tone },
      ]);
    }
  };
  pair(
    'state',
    `${STATES[report.state].sign} ${report.state}${report.reason ? `: ${report.reason}` : ''}`,
    STATES[report.state].tone,
  );
  if (summary.failure) pair('what to do', summary.failure, 'error');
  pair('can do', summary.actions.map((action) => ACTION_KEYS[action]).join('; '));
  if (record.adopted) pair('adopted', `${record.adopted.name}: C opens it in Chat`, 'ok');
  const host = report.host === null ? '' : ` on ${report.host}`;
  const attempt = (record.handle?.attempt ?? 1) > 1 ? `, attempt ${record.handle?.attempt}` : '';
  pair('where', `${record.launcher}${host}${record.handle ? `, job ${record.handle.job}` : ''}${attempt}`);
  pair('created', `${record.created.slice(0, 19).replace('T', ' ')} (${formatAge(record.created, now)} ago)`);
  if (progress.stopping) pair('stops', progress.stopping, 'warn');
  if (progress.saved.length > 0) pair('checkpoints', `step ${progress.saved.slice(-5).join(', ')}`);
  for (const gpu of gpus) pair(`GPU ${gpu.index}`, gpuText(gpu));
  rows.push([{ text: ' ' }], [{ text: ' Lineage', tone: 'strong' }]);
  if (record.from) pair('cloned from', record.from);
  for (const [what, input] of Object.entries(record.inputs)) {
    const count = input.rows === null ? '' : `, ${input.rows} rows`;
    pair(what, `${input.source}${count}, sha256 ${input.sha256.slice(0, 12)}`);
  }
  pair('preset', `${record.preset}, seed ${record.request.seed}`);
  for (const [name, value] of Object.entries(record.request.changes))
    pair(name, `${showHyper(value)} (changed)`, 'warn');
  pair('rows', showSource(record.request.rows.train));
  rows.push([{ text: ' ' }], [{ text: ' Notes (w writes one)', tone: 'strong' }]);
  for (const note of record.notes) pair(note.at.slice(0, 16).replace('T', ' ').slice(5), note.text);
  return rows;
}

export function gpuText({ name, utilization, memoryUsedMb, memoryTotalMb, powerW }: GpuReading): string {
  const memory =
    memoryUsedMb === null
      ? ''
      : `${(memoryUsedMb / 1024).toFixed(1)}${memoryTotalMb === null ? '' : ` of ${(memoryTotalMb / 1024).toFixed(1)}`} GiB`;
  return [
    name,
    utilization === null ? '' : `${utilization}% busy`,
    memory,
    powerW === null ? '' : `${Math.round(powerW)} W`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** One line under the charts: where it stands. */
export function headline({ summary, gpus }: RunDetail): Segment[] {
  if (!summary) return [{ text: ' reading …', tone: 'dim' }];
  const { report, eta } = summary;
  return [
    { text: ' ' },
    stateSegment(report.state),
    { text: `step ${formatSteps(summary)}   ` },
    { text: eta === null ? '' : `${formatDuration(eta)} left   ` },
    { text: gpus.map((gpu) => `GPU ${gpu.index} ${gpu.utilization ?? '-'}%`).join(' '), tone: 'dim' },
    { text: summary.failure ? ` ${summary.failure}` : '', tone: 'error' },
  ];
}

/** Text in rows of `width` cells; at least one. */
export function wrapped(text: string, width: number): string[] {
  return wrapRows(text, Math.max(8, width)).map((row) => text.slice(row.start, row.end).trimEnd());
}
