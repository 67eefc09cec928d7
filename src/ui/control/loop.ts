import { asFoilError, formatError } from '../../core/errors.ts';
import type { Cell } from '../../core/workflows/loop/plan.ts';
import type { Extent, LoopEvent, LoopPorts } from '../../core/workflows/loop/types.ts';
import { batch } from '../batch.ts';
import { type LoopRow, type LoopsState, moveCursor, shownLoop, unreadRow } from '../state/loop.ts';
import { endText, lineOf, reduceLoop, reduceOpen, stoppedText } from '../state/loop-run.ts';
import type { Controller } from './controller.ts';
import { endJob, type Job } from './job.ts';
import { meterOf, newestOf, readOne, rowOf, stampOf } from './loop-read.ts';

/** How often it is looked whether somebody else has gone on: the journal and its lock, which is some kilobytes. */
const LOOK_MS = { one: 2000, list: 5000 };
/** How often all that a loop reads is looked at, where nothing says that anything has changed. */
const ALL_MS = 30_000;
/** Progress of a stage waits for company so long. */
const BATCH_MS = 300;

interface Watching {
  readonly key: string;
  readonly abort: AbortController;
  /** Looks at once, at all. */
  again: () => void;
}

/** Watches what the Loop screen shows, while it shows it; and runs one loop, whatever screen shows. */
export class LoopsWatch {
  private readonly control: Controller;
  private watching: Watching | null = null;
  /** Where the cursor was put last, as what was done went on. */
  private followed: Pick<Cell, 'iteration' | 'stage'> | null = null;
  private job: Job | null = null;

  constructor(control: Controller) {
    this.control = control;
  }

  /** Begins and ends watching so that it fits what shows; called after each change of the state. */
  sync(): void {
    const { screen, loop } = this.control.state;
    const { view } = loop;
    const key = screen !== 'loop' || view.kind === 'form' ? null : view.kind === 'list' ? '' : view.name;
    if (key === (this.watching?.key ?? null)) return;
    this.watching?.abort.abort();
    this.watching = null;
    if (key !== null) this.watch(key);
  }

  /** Looks at everything again, now. */
  again(): void {
    this.watching?.again();
  }

  /** Runs a loop until `extent` is done, it needs a person, or it is stopped. Goes on behind other screens. */
  run(extent: Extent): void {
    const { loop } = this.control.state;
    const shown = shownLoop(loop);
    if (!shown || this.job) return;
    const { settings, view } = shown;
    const { name } = settings;
    const first = { name, extent, settings, view: { ...view, doing: null, notices: [] }, meter: null, stopping: false };
    const abort = new AbortController();
    this.control.set((state) => ({
      ...state,
      message: null,
      loop: { ...state.loop, running: { ...first, line: lineOf(first) } },
    }));
    this.followed = null;
    const { next } = view.grid;
    if (next) this.follow(name, next);
    this.job = { abort, ended: this.go(name, extent, abort.signal) };
  }

  /** @returns false if nothing is run here, or it is stopping already. */
  stop(): boolean {
    if (!this.job || this.job.abort.signal.aborted) return false;
    changeLoops(this.control, ({ running }) => {
      if (!running) return {};
      const stopping = { ...running, stopping: true };
      return { running: { ...stopping, line: lineOf(stopping) } };
    });
    this.job.abort.abort();
    return true;
  }

  /** Ends everything. Resolves when what was being written is on the disk. */
  async leave(): Promise<void> {
    this.watching?.abort.abort();
    this.watching = null;
    if (this.job) await endJob(this.job);
  }

  private async go(name: string, extent: Extent, signal: AbortSignal): Promise<void> {
    const { control } = this;
    const reduce = (events: readonly LoopEvent[]) =>
      changeLoops(control, ({ running }) => {
        const now = Date.now();
        return running ? { running: events.reduce((before, event) => reduceLoop(before, event, now), running) } : {};
      });
    const progress = batch<LoopEvent>(BATCH_MS, reduce);
    try {
      const ports = await this.control.bench.loops();
      const { runLoop } = await import('../../core/workflows/loop/loop.ts');
      const events = ports.apart?.(name, extent, signal) ?? runLoop(ports, name, extent, signal);
      for await (const event of events) {
        if (event.type === 'progress') progress.push(event);
        else {
          progress.flush();
          reduce([event]);
        }
        if (event.type === 'begin' || event.type === 'waiting' || event.type === 'failed') this.follow(name, event);
        if (event.type === 'end' && (event.stage === 'discriminator' || event.stage === 'dpo')) this.refreshModels();
      }
      const { running } = control.state.loop;
      const { tone, text } = running ? endText(running) : { tone: 'ok' as const, text: '' };
      control.tell(tone, text);
    } catch (error) {
      progress.flush();
      const { running } = control.state.loop;
      if (control.signal.aborted) return;
      if (!signal.aborted) control.fail(error);
      else if (running) control.tell('warn', stoppedText(running));
    } finally {
      progress.stop();
      this.job = null;
      if (!control.signal.aborted) await this.settle(name);
    }
  }

  /** The cursor goes with what is done, until somebody moves it elsewhere. */
  private follow(name: string, { iteration, stage }: Pick<Cell, 'iteration' | 'stage'>): void {
    const { view } = this.control.state.loop;
    const { followed } = this;
    if (view.kind !== 'loop' || view.name !== name) return;
    if (followed && (followed.iteration !== view.iteration || followed.stage !== view.stage)) return;
    this.followed = { iteration, stage };
    changeLoops(this.control, () => ({ view: { ...view, iteration, stage, top: 0 } }));
  }

  /** Shows a loop as it stands, once it is not run here any more. */
  async settle(name: string): Promise<void> {
    const read = await this.control.bench
      .loops()
      .then((ports) => readOne(ports, name, null))
      .catch(() => null);
    changeLoops(this.control, (loops) => {
      const shows = loops.view.kind === 'loop' && loops.view.name === name;
      return { ...(read && shows ? reduceOpen(loops, read) : {}), running: null };
    });
    const next = read?.view.grid.next;
    if (next) this.follow(name, next);
  }

  private refreshModels(): void {
    this.control.guard(async () => {
      const models = await this.control.bench.ports.models.list();
      this.control.set((state) => ({ ...state, models }));
    });
  }

  private watch(key: string): void {
    const abort = new AbortController();
    let wake: () => void = () => {};
    let all = true;
    const watching = {
      key,
      abort,
      again: () => {
        all = true;
        wake();
      },
    };
    this.watching = watching;
    const { signal } = abort;
    const wait = (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
      });
    const whether = () => {
      const now = all;
      all = false;
      return now;
    };
    this.look(key, whether, wait, signal).catch((error: unknown) => {
      if (signal.aborted) return;
      const known = asFoilError(error);
      if (known) changeLoops(this.control, () => ({ loading: false, failed: formatError(known) }));
      // `r`, and coming back, try again
      if (this.watching === watching) this.watching = { ...watching, again: () => this.watchAnew(watching) };
    });
  }

  private watchAnew({ key }: Watching): void {
    this.watching = null;
    this.watch(key);
  }

  private async look(
    key: string,
    whether: () => boolean,
    wait: (ms: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const ports = await this.control.bench.loops();
    if (key === '' && this.control.state.loop.loading && (await this.openNewest(ports, signal))) return;
    let told = '';
    for (let at = 0; !signal.aborted; ) {
      const names = key === '' ? await ports.loops.list() : [key];
      const now = await stampOf(ports, names);
      const due = Date.now() - at >= ALL_MS;
      const here = this.control.state.loop.running?.name === key;
      if (whether() || now !== told || due) {
        if (key === '') await this.lookAtAll(ports, names, signal);
        else if (!here) await this.lookAtOne(ports, key, signal);
        told = now;
        at = Date.now();
      } else if (key !== '' && !here) await this.count(ports, signal);
      await wait(key === '' ? LOOK_MS.list : LOOK_MS.one);
    }
  }

  /** At first the loop that something was done in last opens at once: to go on with it is one key. */
  private async openNewest(ports: LoopPorts, signal: AbortSignal): Promise<boolean> {
    const names = await ports.loops.list();
    const name = await newestOf(ports, names);
    if (name === null || signal.aborted) return false;
    changeLoops(this.control, () => ({ loops: names.map(unreadRow), loading: false }));
    openLoop(this.control, name);
    return true;
  }

  private async lookAtAll(ports: LoopPorts, names: readonly string[], signal: AbortSignal): Promise<void> {
    const rows: LoopRow[] = [];
    for (const name of names) rows.push(await rowOf(ports, name));
    if (signal.aborted) return;
    changeLoops(this.control, () => ({ loops: rows, loading: false, failed: null }));
  }

  private async lookAtOne(ports: LoopPorts, name: string, signal: AbortSignal): Promise<void> {
    const { open } = this.control.state.loop;
    const read = await readOne(ports, name, open?.settings.name === name ? open : null);
    if (signal.aborted) return;
    changeLoops(this.control, (loops) => {
      const next = reduceOpen(loops, read);
      const fresh = loops.open?.settings.name !== name && loops.view.kind === 'loop';
      return fresh ? { ...next, view: { ...loops.view, ...moveCursor(read.view, loops.view, 'next') } } : next;
    });
  }

  /** How far another process is, where nothing else has changed. */
  private async count(ports: LoopPorts, signal: AbortSignal): Promise<void> {
    const { open } = this.control.state.loop;
    if (!open || open.holder === null) return;
    const meter = await meterOf(ports, open.settings, open.view.grid, open);
    if (signal.aborted) return;
    changeLoops(this.control, (loops) => (loops.open === open ? { open: { ...open, meter } } : {}));
  }
}

export function changeLoops(control: Controller, change: (loops: LoopsState) => Partial<LoopsState>): void {
  control.set((state) => {
    const next = change(state.loop);
    const same = Object.entries(next).every(([key, value]) => state.loop[key as keyof LoopsState] === value);
    return same ? state : { ...state, loop: { ...state.loop, ...next } };
  });
}

export function openLoop(control: Controller, name: string): void {
  const cursor = { iteration: 0, stage: 'simulate', pane: 'stage', alarm: null, top: 0 } as const;
  changeLoops(control, () => ({ selected: name, failed: null, view: { kind: 'loop', name, ...cursor } }));
}
