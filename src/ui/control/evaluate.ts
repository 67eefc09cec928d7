import { asFoilError, FoilError, formatError } from '../../core/errors.ts';
import { evaluate } from '../../core/workflows/evaluate/evaluate.ts';
import { METRICS } from '../../core/workflows/evaluate/metrics.ts';
import { commandOf } from '../../core/workflows/evaluate/spec.ts';
import type { EvaluateEvent } from '../../core/workflows/evaluate/types.ts';
import { evaluationView } from '../../core/workflows/evaluate/view.ts';
import { batch } from '../batch.ts';
import { type EvaluationRow, type EvaluationsState, type OpenEvaluation, shownEvaluation } from '../state/evaluate.ts';
import { doneText, reduceEvaluation, rowOf, startOf } from '../state/evaluate-run.ts';
import type { Controller } from './controller.ts';
import { endJob, type Job } from './job.ts';

/** Progress waits for company so long. */
const BATCH_MS = 150;

const titleOf = (metric: string) => METRICS.find(({ id }) => id === metric)?.title ?? metric;

/**
 * Reads the evaluations that the screen shows, when it is opened and when it is told to: nothing is done while nothing
 * happens. Computes one, whatever screen shows.
 */
export class Evaluations {
  private readonly control: Controller;
  private job: Job | null = null;
  /** Counts reads: a later one has the last word. */
  private reads = 0;

  constructor(control: Controller) {
    this.control = control;
  }

  /** Reads again what shows. */
  again(): void {
    const { view } = this.control.state.evaluate;
    if (view.kind === 'form' || view.kind === 'draw') return;
    this.reads += 1;
    const mine = this.reads;
    const current = () => mine === this.reads && !this.control.signal.aborted;
    const work = view.kind === 'list' ? this.readAll(current) : this.readOne(view.name, current);
    work.catch((error: unknown) => {
      const known = asFoilError(error);
      if (known && current()) change(this.control, () => ({ loading: false, failed: formatError(known) }));
    });
  }

  private async readAll(current: () => boolean): Promise<void> {
    const { evaluations } = await this.control.bench.evaluations();
    const rows: EvaluationRow[] = [];
    for (const name of await evaluations.list()) {
      const row = await this.read(name).then(rowOf, (error: unknown) => unreadable(name, error));
      rows.push(row);
    }
    rows.sort((a, b) => (b.at ?? '').localeCompare(a.at ?? ''));
    if (current()) change(this.control, () => ({ rows, loading: false, failed: null }));
  }

  private async readOne(name: string, current: () => boolean): Promise<void> {
    const open = await this.read(name);
    if (current()) change(this.control, () => ({ open, failed: null }));
  }

  private async read(name: string): Promise<OpenEvaluation> {
    const { evaluations } = await this.control.bench.evaluations();
    const spec = await evaluations.load(name);
    return { spec, view: evaluationView(await evaluations.read(name)) };
  }

  /** Computes the evaluation that is open, until it is done or stopped. Goes on behind other screens. */
  run(again: boolean): void {
    const shown = shownEvaluation(this.control.state.evaluate);
    if (!shown || this.job) return;
    const abort = new AbortController();
    this.control.set((state) => ({
      ...state,
      message: null,
      evaluate: { ...state.evaluate, running: startOf(shown) },
    }));
    this.job = { abort, ended: this.go(shown, again, abort.signal) };
  }

  /** @returns false if nothing is computed here, or it is stopping already. */
  stop(): boolean {
    if (!this.job || this.job.abort.signal.aborted) return false;
    change(this.control, ({ running }) =>
      running ? { running: { ...running, stopping: true, line: `● ${running.spec.name}: stopping …` } } : {},
    );
    this.job.abort.abort();
    return true;
  }

  /** Ends everything. Resolves when what was being written is on the disk. */
  async leave(): Promise<void> {
    if (this.job) await endJob(this.job);
  }

  private async go({ spec }: OpenEvaluation, again: boolean, signal: AbortSignal): Promise<void> {
    const { control } = this;
    const reduce = (events: readonly EvaluateEvent[]) =>
      change(control, ({ running }) =>
        running ? { running: events.reduce((before, event) => reduceEvaluation(before, event, titleOf), running) } : {},
      );
    const progress = batch<EvaluateEvent>(BATCH_MS, reduce);
    let said: readonly ['ok' | 'warn', string] | null = null;
    try {
      const ports = await this.control.bench.evaluations();
      for await (const event of evaluate(ports, { spec, command: commandOf(spec), again }, signal)) {
        if (event.type === 'progress') progress.push(event);
        else {
          progress.flush();
          reduce([event]);
        }
        if (event.type === 'done') said = ['ok', doneText(event)];
      }
    } catch (error) {
      if (control.signal.aborted) return;
      if (signal.aborted) said = ['warn', `${spec.name} is stopped; what was computed is kept, a goes on`];
      else control.fail(error);
    } finally {
      progress.stop();
      this.job = null;
      if (!control.signal.aborted) await this.settle(spec.name);
    }
    if (said) control.tell(...said);
  }

  /** Shows the evaluation as it is on the disk once it is not computed here any more. */
  private async settle(name: string): Promise<void> {
    const open = await this.read(name).catch(() => null);
    change(this.control, ({ view, open: before }) => {
      const shows = view.kind === 'one' && view.name === name;
      return { running: null, open: shows && open ? open : before };
    });
    if (this.control.state.evaluate.view.kind === 'list') this.again();
  }
}

function unreadable(name: string, error: unknown): EvaluationRow {
  const failed = error instanceof FoilError ? formatError(error) : String(error);
  return { name, state: 'unreadable', sides: '', missing: 0, at: null, failed };
}

export function change(control: Controller, next: (state: EvaluationsState) => Partial<EvaluationsState>): void {
  control.set((state) => ({ ...state, evaluate: { ...state.evaluate, ...next(state.evaluate) } }));
}

export function openEvaluation(control: Controller, name: string): void {
  const view = { kind: 'one', name, pane: 'contents', entry: 'about', row: 0, column: 0, top: 0 } as const;
  change(control, ({ open }) => ({ selected: name, failed: null, view, open: open?.spec.name === name ? open : null }));
  control.evaluations.again();
}
