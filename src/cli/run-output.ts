import { FoilError, isAbort } from '../core/errors.ts';
import type { StageEvent } from '../core/stage/events.ts';
import type { RunPorts, TrainerEvent } from '../core/stage/ports.ts';
import type { RunRecord, RunSummary } from '../core/stage/run.ts';
import { formatBytes, formatDuration } from '../core/text/quantity.ts';
import type { Plan, PlanEvent, RunEvent, StartEvent } from '../core/workflows/runs/types.ts';
import type { Cli } from './cli.ts';
import { EXIT } from './failure.ts';

/** A run by its id, by the beginning of one, or `last`. */
export async function findRun(ports: RunPorts, given: string): Promise<string> {
  const { runs } = await ports.runs.list();
  if (given === 'last' && runs[0]) return runs[0].id;
  const exact = runs.find(({ id }) => id === given);
  const near = exact ? [exact] : runs.filter(({ id }) => id.startsWith(given));
  if (near.length === 1) return near[0]!.id;
  if (near.length > 1) {
    throw new FoilError('usage', `"${given}" begins more than one run`, {
      remedy: near.map(({ id }) => id).join(', '),
    });
  }
  throw new FoilError('unknown-run', `there is no run "${given}"`, {
    remedy: runs[0] ? `the newest is ${runs[0].id}; all of them: foil runs` : 'there are none yet: foil train --help',
  });
}

/** Shows what the trainer does: steps and lines as progress, what the stage tells as lines. */
export function showTrainer(cli: Cli, event: TrainerEvent): void {
  const { out } = cli;
  switch (event.type) {
    case 'step':
      out.event({ event: 'doing', text: event.text });
      out.progress({ step: event.text, text: '' });
      return;
    case 'line':
      out.progress({ step: 'running', text: event.text.trim() });
      return;
    case 'notice':
      out.event({ event: 'notice', text: event.text });
      out.notice(event.text);
      return;
    case 'event':
      showStageEvent(cli, event.event);
  }
}

/** Shows a plan while it is made, and returns it. */
export async function showPlan(cli: Cli, events: AsyncGenerator<PlanEvent, Plan>): Promise<Plan> {
  for (;;) {
    const next = await events.next();
    if (next.done) {
      cli.out.progress(null);
      return next.value;
    }
    if (next.value.type !== 'planned') showTrainer(cli, next.value);
  }
}

/** Shows a start, and says how to come back to the run. */
export async function showStart(cli: Cli, events: AsyncGenerator<StartEvent, RunRecord>): Promise<RunRecord> {
  for (;;) {
    const next = await events.next();
    if (next.done) {
      cli.out.progress(null);
      const { id, handle } = next.value;
      cli.out.event({ event: 'started', run: id, handle });
      cli.out.line(`started ${id} on ${handle?.launcher}, attempt ${handle?.attempt}; it needs this terminal no more`);
      return next.value;
    }
    if (next.value.type !== 'started') showTrainer(cli, next.value);
  }
}

/** One event of a stage: for programs as it is, for people the figures that they watch. */
export function showStageEvent(cli: Cli, event: StageEvent): void {
  const { out } = cli;
  if (event.event === 'other') {
    out.event({ ...event.data, event: event.name, t: event.t });
    return;
  }
  out.event(event);
  const text = textOf(event);
  if (text === null) return;
  if (event.event !== 'step') out.line(text);
  else out.progress({ step: 'training', text });
}

function textOf(event: Exclude<StageEvent, { event: 'other' }>): string | null {
  switch (event.event) {
    case 'preflight': {
      const { split, rows, used, dropped, why, tokens, cut, trained_tokens, template_sha256, example } = event;
      const lengths = tokens ? `tokens p50 ${tokens.p50}, p95 ${tokens.p95}, max ${tokens.max}` : 'tokens unknown';
      const head = `${split}: ${used} of ${rows} rows used; ${lengths}; ${percent(cut)} too long; ${trained_tokens ?? '-'} trained tokens`;
      const fallen =
        dropped === 0
          ? []
          : [`  left out: ${why.slice(0, 3).map(reason).join('; ')}${dropped > 3 ? ` and ${dropped - 3} more` : ''}`];
      const shown =
        split !== 'train' || !example ? [] : [`  template ${template_sha256?.slice(0, 12)}; one row:`, indent(example)];
      return [head, ...fallen, ...shown].join('\n');
    }
    case 'memory':
      return `memory: about ${bytes(event.estimate_bytes)} of ${bytes(event.available_bytes)} on ${event.device ?? 'its device'}`;
    case 'estimate':
      return `about ${formatDuration(event.seconds)} for all steps`;
    case 'step': {
      const { step, steps, loss, eta, tokens_per_s: rate } = event;
      const margin = event['rewards/margins'];
      return [
        `${step} of ${steps ?? '?'}`,
        `loss ${figure(loss)}`,
        ...(margin === null ? [] : [`margin ${figure(margin)}`]),
        ...(rate === null ? [] : [`${Math.round(rate)} tokens/s`]),
        ...(eta === null ? [] : [`${formatDuration(eta)} left`]),
      ].join('  ');
    }
    case 'valid':
      return `step ${event.step}: validation loss ${figure(event.loss)}${event.accuracy === null ? '' : `, accuracy ${figure(event.accuracy)}`}`;
    case 'saved':
      return null;
    case 'stopping':
      return `stopping: ${event.why}`;
    case 'failed':
      return [event.message, event.remedy].filter(Boolean).join('\n  → ');
    case 'done':
      return 'the stage is done';
  }
}

const bytes = (value: number | null) => (value === null ? 'unknown' : formatBytes(value));
const percent = (share: number | null) => (share === null ? '-' : `${(share * 100).toFixed(1)}%`);
const figure = (value: number | null) => (value === null ? '-' : value.toFixed(4));
const reason = ({ id, reason: why }: { id: string; reason: string }) => `${id}: ${why}`;

const EXAMPLE_LETTERS = 1200;

function indent(example: string): string {
  const cut = example.length > EXAMPLE_LETTERS ? `${example.slice(0, EXAMPLE_LETTERS)} ...` : example;
  return cut.replaceAll(/^/gmu, '    ');
}

/** Follows a run to its end and returns the exit code. Who stops following stops nothing else, and is told so. */
export async function followToEnd(cli: Cli, events: AsyncIterable<RunEvent>, id: string): Promise<number> {
  const { out } = cli;
  let last: RunSummary | null = null;
  try {
    for await (const event of events) {
      if (event.type === 'events') for (const one of event.events) showStageEvent(cli, one);
      if (event.type === 'log') out.event({ event: 'log', ...event.page });
      if (event.type === 'gpus') out.event({ event: 'gpus', readings: event.readings });
      if (event.type !== 'state') continue;
      const before = last?.report.state;
      last = event.summary;
      out.event({ event: 'state', run: last });
      if (before !== last.report.state) out.notice(stateLine(last));
      if (last.report.state === 'lost') break;
    }
  } catch (error) {
    if (!isAbort(error)) throw error;
    out.progress(null);
    out.event({ event: 'detached', run: id });
    out.notice(`${id} goes on; come back with: foil runs follow ${id}`);
    return EXIT.cancelled;
  }
  out.progress(null);
  if (last?.failure) out.notice(last.failure);
  if (last?.report.state === 'done') {
    out.line(`${id} is done; make a model of it with: foil runs adopt ${id}`);
    return EXIT.done;
  }
  return last?.report.state === 'cancelled' ? EXIT.cancelled : EXIT.failed;
}

function stateLine({ record, report }: RunSummary): string {
  return `${record.id}: ${report.state}${report.reason === null ? '' : `, ${report.reason}`}`;
}
