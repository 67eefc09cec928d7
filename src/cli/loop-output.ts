import { formatDuration } from '../core/text/quantity.ts';
import type { Alarm } from '../core/workflows/loop/alarms.ts';
import type { Cell } from '../core/workflows/loop/plan.ts';
import type { LoopState } from '../core/workflows/loop/read.ts';
import type { LoopEvent } from '../core/workflows/loop/types.ts';
import { simulatorOf, timeOf, yieldOf } from '../core/workflows/loop/view.ts';
import type { Cli } from './cli.ts';

/** One event of a loop that runs: for programs as it is, for people what changes. */
export function showLoopEvent({ out }: Cli, name: string, event: LoopEvent): void {
  const { type, ...rest } = event;
  if (event.type === 'failed') {
    const { code, message, remedy } = event.error;
    out.event({ event: type, iteration: event.iteration, stage: event.stage, code, message, remedy });
    return;
  }
  out.event({ event: type, ...rest });
  switch (event.type) {
    case 'grid':
      return;
    case 'begin':
      out.progress(null);
      out.line(`iteration ${event.iteration}, ${event.stage}${event.again ? ': goes on' : ''}`);
      return;
    case 'progress': {
      const { done, of, text, stage } = event;
      const count = done === null ? '' : `${done}${of === null ? '' : ` of ${of}`}  `;
      out.progress({ step: stage, text: `${count}${text}` });
      return;
    }
    case 'notice':
      out.notice(event.text);
      return;
    case 'run':
      out.line(`  run ${event.run} (foil runs follow ${event.run})`);
      return;
    case 'end':
      out.progress(null);
      out.line(`  ${countsText(event.counts)}${formatDuration(event.seconds)}`);
      return;
    case 'alarm':
      out.notice(`alarm ${event.alarm.code}: ${event.alarm.text}`);
      return;
    case 'waiting':
      out.line(
        `iteration ${event.iteration}: ${event.set} waits for a person (${event.approved} approved, ${event.pending} pending)`,
      );
      out.line(`  look at the pairs: F4, or foil review --set ${event.set}; then: foil loop open ${name}`);
      return;
    case 'stopped':
      if (event.why === 'done') out.line(`${name} is done`);
  }
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(
    ([what, count]) => `${Number.isInteger(count) ? count : count.toFixed(3)} ${what}`,
  );
  return parts.length === 0 ? '' : `${parts.join(', ')}; `;
}

/** The grid: a line a stage, with state, yield and time; what is wrong below. */
export function printGrid({ out }: Cli, { settings, grid, alarms }: LoopState): void {
  for (const { iteration, cells } of grid.rows) {
    const simulator = simulatorOf(grid, iteration, settings.simulator);
    out.line(`iteration ${iteration}${simulator === null ? '' : `: ${simulator}`}`);
    for (const cell of cells) out.line(`  ${lineOf(cell)}`);
  }
  const fired = alarms.filter(({ verdict }) => verdict === 'alarm' || verdict === 'watch');
  for (const { code, verdict, text } of fired) out.line(`${verdict === 'alarm' ? 'alarm' : 'watch'}  ${code}: ${text}`);
  const { next } = grid;
  if (!next) out.line('done');
  else out.line(`next: ${next.stage} of iteration ${next.iteration}`);
}

function lineOf(cell: Cell): string {
  const { stage, state, failure, why, begun } = cell;
  const time = timeOf(cell, formatDuration);
  const more = failure
    ? failure.message
    : state === 'ready' && begun
      ? 'was begun: goes on'
      : state === 'todo'
        ? ''
        : (why ?? '');
  return `${stage.padEnd(14)}${state.padEnd(8)} ${yieldOf(cell).padEnd(30)} ${time.padEnd(12)} ${more}`.trimEnd();
}

/** Alarms with thresholds and their course: one line each, one a point. */
export function printAlarms({ out }: Cli, alarms: readonly Alarm[]): void {
  for (const { code, about, from, to, points, verdict } of alarms) {
    const bounds = [from === null ? '' : `at least ${figure(from)}`, to === null ? '' : `at most ${figure(to)}`];
    out.line(`${verdict.padEnd(8)}${code}: ${about} (${bounds.filter(Boolean).join(', ')})`);
    for (const { iteration, value, low, high, verdict: own, text } of points) {
      if (value === null) continue;
      const interval = low === null || high === null ? '' : ` [${figure(low)}, ${figure(high)}]`;
      out.line(`  iteration ${iteration}  ${figure(value)}${interval}  ${own}  ${text}`);
    }
  }
}

const figure = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(3));
