import type { RunPorts } from '../../core/stage/ports.ts';
import { followRun, lookAt, watchRuns } from '../../core/workflows/runs/watch.ts';
import { NO_DETAIL, reduceRun } from '../state/run-detail.ts';
import { type RunDetail, type RunsState, reduceList, watchedRuns } from '../state/runs.ts';
import type { Controller } from './controller.ts';
import { settleLog } from './run-log.ts';

/** How often all runs are looked at while their list is open; each look may ask a scheduler. */
const LIST_EVERY_MS = 3000;
const LIST = 'list';

/** Watches what the Runs screen shows, and only while it shows it. */
export class RunsWatch {
  private readonly control: Controller;
  private readonly watching = new Map<string, AbortController>();

  constructor(control: Controller) {
    this.control = control;
  }

  /** Begins and ends watching so that it fits what shows; called after each change of the state. */
  sync(): void {
    const { screen, runs } = this.control.state;
    const wanted = new Set(screen !== 'runs' ? [] : runs.view.kind === 'list' ? [LIST] : watchedRuns(runs.view));
    for (const key of [...this.watching.keys()]) if (!wanted.has(key)) this.end(key);
    for (const key of wanted) if (!this.watching.has(key)) this.begin(key);
  }

  /** Looks again at a run that was changed from here, and goes on following it. */
  async again(id: string): Promise<void> {
    const ports = await this.control.bench.runs();
    const summary = await lookAt(ports, id, this.control.signal);
    changeRuns(this.control, (runs) => ({
      runs: runs.runs.map((run) => (run.record.id === id ? summary : run)),
    }));
    if (!this.watching.has(id)) return;
    changeDetail(this.control, id, (detail) => ({ ...detail, summary }));
    this.end(id);
    this.sync();
  }

  stop(): void {
    for (const key of [...this.watching.keys()]) this.end(key);
  }

  private end(key: string): void {
    this.watching.get(key)?.abort();
    this.watching.delete(key);
  }

  private begin(key: string): void {
    const abort = new AbortController();
    this.watching.set(key, abort);
    const { signal } = abort;
    this.control.guard(async () => {
      try {
        const ports = await this.control.bench.runs();
        if (key === LIST) await this.watchList(ports, signal);
        else await this.watchOne(ports, key, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
  }

  private async watchList(ports: RunPorts, signal: AbortSignal): Promise<void> {
    for await (const list of watchRuns(ports, { everyMs: LIST_EVERY_MS }, signal)) {
      if (signal.aborted) return;
      const now = ports.clock.now().getTime();
      this.control.set((state) => ({ ...state, runs: reduceList(state.runs, list, now) }));
    }
  }

  private async watchOne(ports: RunPorts, id: string, signal: AbortSignal): Promise<void> {
    for await (const event of followRun(ports, id, signal)) {
      if (signal.aborted) return;
      changeDetail(this.control, id, (detail) => reduceRun(detail, event));
      changeRuns(this.control, () => ({ now: ports.clock.now().getTime() }));
      if (event.type === 'log') settleLog(this.control, id);
    }
  }
}

export function changeRuns(control: Controller, change: (runs: RunsState) => Partial<RunsState>): void {
  control.set((state) => ({ ...state, runs: { ...state.runs, ...change(state.runs) } }));
}

export function changeDetail(control: Controller, id: string, change: (detail: RunDetail) => RunDetail): void {
  changeRuns(control, ({ details }) => ({ details: { ...details, [id]: change(details[id] ?? NO_DETAIL) } }));
}
