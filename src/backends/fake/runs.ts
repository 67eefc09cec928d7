import { FoilError } from '../../core/errors.ts';
import type { FilePiece, GpuReading, Job, JobHandle, JobReport, Launcher } from '../../core/stage/launcher.ts';
import type { Launchers, RunStore, Trainer, TrainerEvent } from '../../core/stage/ports.ts';
import { RUN_FILES, type RunRecord, type RunRequest } from '../../core/stage/run.ts';
import type { StageTable } from '../../core/stage/table-schema.ts';

/** Files of runs in memory; `append` is what a job would write. */
export class FakeFiles {
  readonly files = new Map<string, Uint8Array>();
  /** Bytes that were handed out: what a page of a long log costs. */
  bytesRead = 0;

  write(name: string, text: string): void {
    this.files.set(name, new TextEncoder().encode(text));
  }

  append(name: string, text: string): void {
    const [old, added] = [this.files.get(name) ?? new Uint8Array(), new TextEncoder().encode(text)];
    const all = new Uint8Array(old.length + added.length);
    all.set(old);
    all.set(added, old.length);
    this.files.set(name, all);
  }

  read(name: string, from: number, limit: number): FilePiece {
    const file = this.files.get(name) ?? new Uint8Array();
    const bytes = file.subarray(from, Math.max(from, from + limit));
    this.bytesRead += bytes.length;
    return { bytes, next: from + bytes.length, size: file.length };
  }
}

/** Records in memory, and the files of their folders (`ID/FILE`). */
export class FakeRunStore implements RunStore {
  readonly records = new Map<string, RunRecord>();
  readonly disk = new FakeFiles();

  async list(): Promise<{ runs: RunRecord[]; skipped: [] }> {
    const runs = [...this.records.values()].toSorted((a, b) => b.created.localeCompare(a.created));
    return { runs, skipped: [] };
  }

  async load(id: string): Promise<RunRecord> {
    const found = this.records.get(id);
    if (!found) throw new FoilError('unknown-run', `there is no run "${id}"`, { remedy: 'see `foil runs`' });
    return found;
  }

  async update(id: string, change: (record: RunRecord) => RunRecord): Promise<RunRecord> {
    const next = change(await this.load(id));
    this.records.set(id, next);
    return next;
  }

  folder(id: string): string {
    return `/workspace/runs/${id}`;
  }

  async read(id: string, file: string, from: number, limit: number): Promise<FilePiece> {
    return this.disk.read(`${id}/${file}`, from, limit);
  }
}

const RUNNING: JobReport = {
  state: 'running',
  code: null,
  signal: null,
  reason: null,
  host: 'fake',
  started: '2026-01-01T00:00:00.000Z',
  ended: null,
  heartbeat: null,
};

/** Jobs that do nothing by themselves: a test says what becomes of them. */
export class FakeLauncher implements Launcher, Launchers {
  readonly name = 'local';
  readonly names = ['local'];
  readonly kind = 'local';
  readonly python = 'python';
  readonly base = null;
  readonly jobs: Job[] = [];
  readonly cancelled: string[] = [];
  readonly collected: string[] = [];
  readonly reports = new Map<string, JobReport>();
  /** Files of the jobs where they run; by default in the folder of the run store. */
  remote: FakeFiles | null = null;
  readings: GpuReading[] = [];
  /** What a submission or a read is refused with. */
  refuse: FoilError | null = null;
  unreachable: FoilError | null = null;

  async open(name: string): Promise<Launcher> {
    if (name === this.name) return this;
    throw new FoilError('no-launcher', `there is no launcher "${name}"`, { remedy: 'known: local' });
  }

  /** What is said of the newest attempt from now on. */
  become(id: string, report: Partial<JobReport>): void {
    this.reports.set(id, { ...RUNNING, ...report });
  }

  async submit(job: Job): Promise<JobHandle> {
    if (this.refuse) throw this.refuse;
    const { id, attempt } = job;
    if (!this.jobs.some((known) => known.id === id && known.attempt === attempt)) {
      this.jobs.push(job);
      this.reports.set(id, RUNNING);
    }
    const folder = this.remote ? `/remote/${id}` : job.folder;
    return { launcher: this.name, kind: this.kind, job: id, folder, attempt, submitted: '2026-01-01T00:00:00.000Z' };
  }

  async report({ job }: JobHandle): Promise<JobReport> {
    if (this.unreachable) return { ...RUNNING, state: 'unknown', host: null, reason: this.unreachable.message };
    return this.reports.get(job) ?? { ...RUNNING, state: 'lost', reason: 'it never started' };
  }

  async read({ job }: JobHandle, file: string, from: number, limit: number): Promise<FilePiece> {
    if (this.unreachable) throw this.unreachable;
    return (this.remote ?? new FakeFiles()).read(`${job}/${file}`, from, limit);
  }

  async cancel({ job }: JobHandle): Promise<void> {
    this.cancelled.push(job);
    // It traps TERM and ends with a code of its own.
    if (this.reports.get(job)?.state === 'running') this.become(job, { state: 'failed', code: 143 });
  }

  async collect({ job }: JobHandle, folder: string): Promise<void> {
    this.collected.push(`${job} ${folder}`);
  }

  async gpus(): Promise<GpuReading[]> {
    return this.readings;
  }
}

/** Builds runs in a FakeRunStore out of nothing; `preflights` is what each preflight tells. */
export class FakeTrainer implements Trainer {
  private readonly store: FakeRunStore;
  private readonly stageTable: StageTable;
  private readonly built = new Map<string, RunRecord>();
  readonly discarded: string[] = [];
  readonly adopted: string[] = [];
  preflights: TrainerEvent[] = [];
  /** What the preflight ends with, if it finds something wrong. */
  fault: FoilError | null = null;
  /** What a preflight waits for before it ends; its check can be ended meanwhile. */
  hold: Promise<void> | null = null;
  created = '2026-01-01T00:00:00.000Z';

  constructor(store: FakeRunStore, table: StageTable) {
    this.store = store;
    this.stageTable = table;
  }

  async table(): Promise<StageTable> {
    return this.stageTable;
  }

  async *build(id: string, request: RunRequest): AsyncGenerator<TrainerEvent, RunRecord> {
    yield { type: 'step', text: 'writing rows' };
    const record = fakeRecord(id, request, this.created);
    this.built.set(id, record);
    return record;
  }

  async *preflight(_id: string, _request: RunRequest, signal: AbortSignal): AsyncGenerator<TrainerEvent, void> {
    yield* this.preflights;
    await Promise.race([
      this.hold,
      this.hold && new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
    signal.throwIfAborted();
    if (this.fault) throw this.fault;
  }

  async publish(id: string): Promise<void> {
    this.store.records.set(id, this.built.get(id)!);
  }

  async discard(id: string): Promise<void> {
    this.discarded.push(id);
    this.built.delete(id);
  }

  async *job({ id, stage, request }: RunRecord, attempt: number): AsyncGenerator<TrainerEvent, Job> {
    yield { type: 'line', text: 'python' };
    const argv = ['python', '-m', 'foil_train', stage, ...(attempt > 1 ? ['--resume'] : [])];
    return { id, folder: this.store.folder(id), argv, env: {}, resources: request.resources, attempt };
  }

  async *adopt({ id }: RunRecord, name: string): AsyncGenerator<TrainerEvent, string> {
    yield { type: 'step', text: 'exporting the adapter' };
    this.adopted.push(`${id} ${name}`);
    return `/workspace/models/${name}`;
  }
}

/** The record of a run that was just built. */
export function fakeRecord(id: string, request: RunRequest, created = '2026-01-01T00:00:00.000Z'): RunRecord {
  const { stage, name, preset, changes, launcher, from } = request;
  return {
    ...{ schema: 1, id, stage, name, preset, changed: changes, created, launcher, handle: null, from, notes: [] },
    ...{ cancelled: null, adopted: null, request, inputs: {}, refused: null, ended: null, collected: false },
  };
}

/** The name of a file of a run in `FakeRunStore.disk` or `FakeLauncher.remote`. */
export function fileOf(id: string, file: keyof typeof RUN_FILES): string {
  return `${id}/${RUN_FILES[file]}`;
}
