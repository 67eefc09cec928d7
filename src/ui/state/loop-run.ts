import { formatDuration } from '../../core/text/quantity.ts';
import { type Alarm, alarmsOf } from '../../core/workflows/loop/alarms.ts';
import type { Cell, Grid } from '../../core/workflows/loop/plan.ts';
import { roundsOf } from '../../core/workflows/loop/read.ts';
import type { LoopSettings } from '../../core/workflows/loop/settings.ts';
import type { LoopEvent } from '../../core/workflows/loop/types.ts';
import { type LoopView, openView, reduceView } from '../../core/workflows/loop/view.ts';
import type { LoopsState, Meter, OpenLoop, RunningLoop } from './loop.ts';

/** Things that were said of the stages run here, kept. */
const MAX_NOTICES = 50;

/** The view of a loop as it was read: a stage that another process runs is being done too. */
export function viewOf(settings: LoopSettings, grid: Grid): LoopView {
  return openView(grid, alarmsOf(roundsOf(settings, grid), settings.alarms, settings.dpo.floor));
}

/** What an event makes of the loop that is run here. @param now ms. */
export function reduceLoop(running: RunningLoop, event: LoopEvent, now: number): RunningLoop {
  const view = settled(running, reduceView(running.view, event));
  const next = { ...running, view, meter: metered(running, event, now) };
  return { ...next, line: lineOf(next) };
}

function settled({ settings, view: before }: RunningLoop, view: LoopView): LoopView {
  const notices = view.notices.slice(-MAX_NOTICES);
  if (view.grid === before.grid) return view.notices.length > MAX_NOTICES ? { ...view, notices } : view;
  return { ...view, notices, alarms: viewOf(settings, view.grid).alarms };
}

function metered({ meter }: RunningLoop, event: LoopEvent, now: number): Meter | null {
  if (event.type === 'run' || event.type === 'notice') return meter;
  if (event.type !== 'progress') return null;
  const { iteration, stage, done, of } = event;
  return done === null ? meter : measured(meter, `${iteration} ${stage} ${of}`, { done, of, at: now });
}

/** The meter after another look. What is counted anew, or begins with another count, is measured anew. */
export function measured(meter: Meter | null, key: string, mark: Meter['now']): Meter {
  return meter?.key === key && mark.done >= meter.now.done ? { ...meter, now: mark } : { key, from: mark, now: mark };
}

/** Things a second; null while nothing has been done since one looks. */
export function rateOf({ from, now }: Meter): number | null {
  return now.done > from.done && now.at > from.at ? ((now.done - from.done) / (now.at - from.at)) * 1000 : null;
}

/** Seconds until all is done, at the rate so far. */
export function secondsLeft(meter: Meter): number | null {
  const rate = rateOf(meter);
  const { done, of } = meter.now;
  return rate === null || of === null ? null : Math.max(0, of - done) / rate;
}

/** `12 of 48 · 4.2 a minute · 8 min 30 s left`, as far as it is known. */
export function meterText(meter: Meter | null): string {
  if (!meter) return '';
  const { done, of } = meter.now;
  const rate = rateOf(meter);
  const left = secondsLeft(meter);
  return [
    of === null ? String(done) : `${done} of ${of}`,
    rate === null ? '' : rateText(rate),
    left === null ? '' : `${formatDuration(left)} left`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function rateText(aSecond: number): string {
  const aMinute = aSecond * 60;
  return `${aMinute >= 9.95 ? Math.round(aMinute) : aMinute.toFixed(1)} a minute`;
}

export function lineOf({ name, view, meter, stopping }: Omit<RunningLoop, 'line'>): string {
  const { doing } = view;
  if (!doing) return `● ${name}: ${stopping ? 'stopping …' : 'looking at what there is …'}`;
  // before anything is finished there is no rate: what is done meanwhile shows that it goes on
  const text = meter && rateOf(meter) !== null ? '' : doing.text;
  const told = [meterText(meter), text].filter(Boolean).join(' · ') || '…';
  return `● ${name} k = ${doing.iteration}, ${doing.stage}: ${stopping ? 'stopping …' : told}`;
}

/** Codes of the alarms that fire. */
export function firing(alarms: readonly Alarm[]): string {
  return codesOf(alarms, 'alarm');
}

function codesOf(alarms: readonly Alarm[], word: Alarm['verdict']): string {
  return alarms
    .filter(({ verdict }) => verdict === word)
    .map(({ code }) => code)
    .join(', ');
}

/** How many alarms fire and are watched, in words. */
export function alarmsText(alarms: readonly Alarm[]): string {
  const count = (word: Alarm['verdict']) => alarms.filter(({ verdict }) => verdict === word).length;
  const [fire, watched] = [count('alarm'), count('watch')];
  return `${fire === 0 ? 'none fires' : `${fire} fire`}${watched === 0 ? '' : `, ${watched} watched`}`;
}

/** What ended a run of the loop, in a sentence for the status line. */
export function endText({ name, view }: RunningLoop): { tone: 'ok' | 'warn'; text: string } {
  const { outcome, waiting, grid, alarms } = view;
  const fires = firing(alarms);
  const watched = codesOf(alarms, 'watch');
  const told = [fires === '' ? '' : `alarms: ${fires}`, watched === '' ? '' : `watched: ${watched}`].filter(Boolean);
  const alarm = told.length === 0 ? '' : `; ${told.join('; ')} (Tab)`;
  const tone = fires === '' ? 'ok' : 'warn';
  if (outcome === 'done') return { tone, text: `${name} is done: every stage of every iteration${alarm}` };
  if (outcome === 'waiting' && waiting) {
    const { approved, pending } = waiting;
    const text =
      approved + pending === 0
        ? `${name} waits, but no pair was kept: "mine" says why`
        : `${name} waits for a person: Enter on "review" shows ${pending} pending pairs, then o opens the gate`;
    return { tone: 'warn', text: `${text}${alarm}` };
  }
  const next = grid.next ? `, next: ${grid.next.stage} of iteration ${grid.next.iteration} (s, i or a)` : '';
  return { tone, text: `${name}: what was asked for is done${next}${alarm}` };
}

/** What a stop leaves, in a sentence. */
export function stoppedText({ name, view: { doing } }: RunningLoop): string {
  const trains = doing !== null && doing.run !== null;
  const rest = trains ? `; its training run goes on (F5), and is found again` : '';
  return `${name} is stopped${rest}: s, i or a goes on where it was`;
}

/** The cells as they show: the stage that is being done runs, whatever the newest grid says. */
export function liveCell(loop: OpenLoop, cell: Cell): Cell {
  const { doing } = loop.view;
  if (!doing || doing.iteration !== cell.iteration || doing.stage !== cell.stage) return cell;
  return { ...cell, state: 'running', run: doing.run ?? cell.run, why: null, failure: null };
}

/** A loop that was read again: what has not changed stays the same object, so that nothing is drawn again. */
export function reduceOpen(state: LoopsState, read: OpenLoop): LoopsState {
  const same = state.open !== null && state.failed === null && JSON.stringify(state.open) === JSON.stringify(read);
  return same && !state.loading ? state : { ...state, open: same ? state.open : read, failed: null, loading: false };
}
