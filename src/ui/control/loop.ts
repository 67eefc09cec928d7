import { asFoilError, formatError } from '../../core/errors.ts';
import type { Cell, Grid } from '../../core/workflows/loop/plan.ts';
import type { LoopSettings } from '../../core/workflows/loop/settings.ts';
import type { Extent, LoopEvent, LoopPorts } from '../../core/workflows/loop/types.ts';
import { batch } from '../batch.ts';
import {
  type GatePairs,
  type LoopRow,
  type LoopsState,
  type Mark,
  moveCursor,
  type OpenLoop,
  shownLoop,
} from '../state/loop.ts';
import { endText, lineOf, measured, reduceLoop, reduceOpen, stoppedText, viewOf } from '../state/loop-run.ts';
import type { Controller } from './controller.ts';

/** How often it is looked whether somebody else has gone on: the journal and its lock, which is some kilobytes. */
const LOOK_MS = { one: 2000, list: 5000 };
/** How often all that a loop reads is looked at, where nothing says that anything has changed. */
const ALL_MS = 30_000;
/** Progress of a stage waits for company so long. */
const BATCH_MS = 300;
/** How long leaving waits for what is being written. */
const LEAVE_MS = 2000;

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
  private opened: Promise<LoopPorts> | null = null;
  /** Where the cursor was put last, as what was done went on. */
  private followed: Pick<Cell, 'iteration' | 'stage'> | null = null;
  private job: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null;

  constructor(control: Controller) {
    this.control = control;
  }

  /** Opens on first use: most sittings run no loop. */
  ports(): Promise<LoopPorts> {
    this.opened ??= this.control.bench.loops().catch((error: unknown) => {
      this.opened = null;
      throw error;
    });
    return this.opened;
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
    const { job } = this;
    if (!job) return;
    job.abort.abort();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LEAVE_MS);
    });
    await Promise.race([job.ended, late]);
    clearTimeout(timer);
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
      const ports = await this.ports();
      const { runLoop } = await import('../../core/workflows/loop/loop.ts');
      for await (const event of runLoop(ports, name, extent, signal)) {
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

  /** Shows the loop as it stands once it is not run here any more. */
  private async settle(name: string): Promise<void> {
    const read = await this.ports()
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
    const ports = await this.ports();
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

  private async lookAtAll(ports: LoopPorts, names: readonly string[], signal: AbortSignal): Promise<void> {
    const rows: LoopRow[] = [];
    for (const name of names) rows.push(await rowOf(ports, name));
    if (signal.aborted) return;
    const [only] = names;
    const first = this.control.state.loop.loading;
    changeLoops(this.control, () => ({ loops: rows, loading: false, failed: null }));
    if (first && only !== undefined && names.length === 1) openLoop(this.control, only);
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
  const cursor = { iteration: 0, stage: 'simulate', pane: 'stage', alarm: 0, top: 0 } as const;
  changeLoops(control, () => ({ selected: name, failed: null, view: { kind: 'loop', name, ...cursor } }));
}

/** Whether somebody has gone on: the lengths of the journals, and who holds them. */
async function stampOf({ loops }: LoopPorts, names: readonly string[]): Promise<string> {
  const parts = names.map(async (name) => {
    const [length, holder] = [
      await loops.read(name).then(
        (records) => records.length,
        () => -1,
      ),
      await loops.holder(name).catch(() => null),
    ];
    return `${name} ${length} ${holder}`;
  });
  return (await Promise.all(parts)).join('\n');
}

async function rowOf(ports: LoopPorts, name: string): Promise<LoopRow> {
  try {
    const { readLoop } = await import('../../core/workflows/loop/read.ts');
    const { settings, grid, alarms } = await readLoop(ports, name);
    const { next } = grid;
    return {
      ...{ name, iterations: settings.iterations, failed: null, holder: await ports.loops.holder(name) },
      next: next ? `${next.stage} of iteration ${next.iteration}: ${next.begun ? 'begun' : next.state}` : 'done',
      alarms: alarms.filter(({ verdict }) => verdict === 'alarm').map(({ code }) => code),
    };
  } catch (error) {
    const known = asFoilError(error);
    if (!known) throw error;
    return { name, iterations: 0, next: '', alarms: [], holder: null, failed: formatError(known) };
  }
}

/** A loop as it is on the disk. @param before what was known of it, for the rate of what another process does. */
async function readOne(ports: LoopPorts, name: string, before: OpenLoop | null): Promise<OpenLoop> {
  const { readLoop } = await import('../../core/workflows/loop/read.ts');
  const [{ settings, grid }, holder] = [await readLoop(ports, name), await ports.loops.holder(name)];
  const [gate, meter] = [
    await gateOf(ports, grid),
    holder === null ? null : await meterOf(ports, settings, grid, before),
  ];
  return { settings, view: viewOf(settings, grid), holder, gate, meter };
}

async function gateOf({ pairs }: LoopPorts, grid: Grid): Promise<GatePairs | null> {
  const { madeBy } = await import('../../core/workflows/loop/plan.ts');
  const waiting = grid.rows.flatMap(({ cells }) => cells).find(({ state }) => state === 'waiting');
  const set = waiting && madeBy(grid)('mine', waiting.iteration)?.[0]?.name;
  const found = set === undefined ? undefined : (await pairs.sets()).find(({ name }) => name === set);
  if (!waiting || !found) return null;
  const { approved, rejected, pending } = found;
  return { iteration: waiting.iteration, set: found.name, approved, rejected, pending };
}

async function meterOf(ports: LoopPorts, settings: LoopSettings, grid: Grid, before: OpenLoop | null) {
  const cell = grid.rows.flatMap(({ cells }) => cells).find(({ state }) => state === 'running');
  const mark = cell && (await markOf(ports, settings, cell));
  if (!cell || !mark) return null;
  return measured(before?.meter ?? null, `${cell.iteration} ${cell.stage} ${mark.of}`, mark);
}

/** How far a stage is that another process runs, by what it has left on the disk; null where that does not tell. */
async function markOf(ports: LoopPorts, settings: LoopSettings, cell: Cell): Promise<Mark | null> {
  const { outputsOf } = await import('../../core/workflows/loop/needs.ts');
  const outputs = outputsOf(settings, cell.iteration, cell.stage, cell.revision);
  const at = Date.now();
  if (cell.run !== null) {
    const { lookAt } = await import('../../core/workflows/runs/watch.ts');
    const run = await lookAt(ports.runs, cell.run, new AbortController().signal).catch(() => null);
    return run?.step == null ? null : { done: run.step, of: run.steps, at };
  }
  if (cell.stage === 'simulate' || cell.stage === 'check') {
    const ids = await Promise.all(outputs.map(({ name }) => ports.sessionIds(name).catch(() => new Set())));
    return { done: ids.reduce((sum, { size }) => sum + size, 0), of: null, at };
  }
  const [set] = outputs;
  if (cell.stage !== 'mine' || !set) return null;
  const mined = await ports.pairs.mined(set.name).catch(() => []);
  return { done: mined.filter(({ type }) => type === 'turn').length, of: null, at };
}
