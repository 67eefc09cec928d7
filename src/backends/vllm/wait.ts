import { hostname } from 'node:os';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import type { JobHandle, JobReport, Launcher } from '../../core/stage/launcher.ts';
import { RUN_FILES } from '../../core/stage/run.ts';
import { VllmClient, type VllmModel } from './client.ts';
import { ended } from './failure.ts';
import { readVllm, type VllmState, vllmFiles, writeVllm } from './state.ts';

/** What happens while vLLM starts, for whoever shows it. */
export type StartStep =
  | {
      readonly kind: 'state';
      readonly state: JobReport['state'];
      readonly host: string | null;
      readonly reason: string | null;
    }
  | { readonly kind: 'log'; readonly line: string }
  /** It listens on the loopback of another machine: this command brings its port here. */
  | { readonly kind: 'tunnel'; readonly command: string };

export interface WaitOptions {
  readonly workspace: string;
  readonly launcher: Launcher;
  readonly state: VllmState;
  /** What `ssh` calls the machine of an ssh launcher, with its options; null for the other kinds. */
  readonly ssh: readonly string[] | null;
  readonly clock: Clock;
  readonly onStep: (step: StartStep) => void;
}

/** The server is asked often, its machine less often: that may cost a connection each time. */
const ASK_MS = 500;
const REPORT_MS = 2000;
const PIECE = 64 * 1024;
const KEEP_LINES = 40;

/**
 * Waits until vLLM answers, however long its weights take to load, and notes that in its state: from then on the models of the
 * workspace run there.
 * @throws FoilError `vllm-ended` or `vllm-missing` with the log's last lines, if it ends first.
 */
export async function waitVllm(
  options: WaitOptions,
  signal: AbortSignal,
): Promise<{ state: VllmState; models: VllmModel[] }> {
  const { workspace, launcher, state, clock, onStep } = options;
  const { handle } = state;
  if (!handle) throw new FoilError('no-job', 'vLLM was not submitted', { remedy: 'start it again' });
  const client = new VllmClient(state);
  const log = new LogTail(launcher, handle, onStep);
  const place = join(vllmFiles(workspace).folder(state.id), RUN_FILES.log);
  let asked = Number.NEGATIVE_INFINITY;
  let shown = '';
  let tunnel: string | null = null;
  for (;;) {
    const now = clock.now().getTime();
    if (now - asked >= REPORT_MS) {
      asked = now;
      const report = await launcher.report(handle, signal);
      await log.read(signal);
      if (report.state !== 'queued' && report.state !== 'running' && report.state !== 'unknown') {
        throw ended(report, log.lines, place);
      }
      const { state: jobState, host, reason } = report;
      const key = JSON.stringify([jobState, host, reason]);
      if (key !== shown) onStep({ kind: 'state', state: jobState, host, reason });
      shown = key;
      const command = tunnelCommand(options, host);
      if (jobState === 'running' && command !== null && command !== tunnel) {
        tunnel = command;
        onStep({ kind: 'tunnel', command });
      }
    }
    if (await client.healthy(signal)) return await ready(options, client, signal);
    await clock.sleep(ASK_MS, signal);
  }
}

async function ready(
  { workspace, state, clock }: WaitOptions,
  client: VllmClient,
  signal: AbortSignal,
): Promise<{ state: VllmState; models: VllmModel[] }> {
  const models = await client.models(signal);
  const base = models.find(({ id }) => id === state.base.name);
  if (base?.max_model_len == null) {
    throw new FoilError('bad-answer', `the server on port ${state.port} has no model ${state.base.name}`, {
      remedy: 'another program uses that port: `foil serve --engine vllm --stop`, then start it with another --port',
    });
  }
  const version = await client.version(signal);
  const now: VllmState = { ...state, ready: { at: clock.now().toISOString(), version, window: base.max_model_len } };
  // somebody may have ended it meanwhile
  if ((await readVllm(workspace))?.id === state.id) await writeVllm(workspace, now);
  return { state: now, models };
}

/** How the port of a vLLM on another machine is brought here; null if it is here. */
function tunnelCommand({ launcher, state, ssh }: WaitOptions, host: string | null): string | null {
  if (launcher.kind === 'local') return null;
  const forward = ['ssh', '-N', '-L', `${state.port}:127.0.0.1:${state.port}`];
  if (launcher.kind === 'ssh') return ssh === null ? null : [...forward, ...ssh].map(shellWord).join(' ');
  if (host === null || host === hostname() || host === 'localhost') return null;
  return [...forward, host].map(shellWord).join(' ');
}

/** As a person would type it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The log as it grows, line by line; its last lines are kept. */
class LogTail {
  readonly lines: string[] = [];
  private readonly launcher: Launcher;
  private readonly handle: JobHandle;
  private readonly onStep: (step: StartStep) => void;
  private readonly decoder = new TextDecoder();
  private from = 0;
  private rest = '';

  constructor(launcher: Launcher, handle: JobHandle, onStep: (step: StartStep) => void) {
    this.launcher = launcher;
    this.handle = handle;
    this.onStep = onStep;
  }

  /** Reads what is new. A machine that cannot be reached is no failure: the job's report tells. */
  async read(signal: AbortSignal): Promise<void> {
    for (;;) {
      const piece = await this.launcher.read(this.handle, RUN_FILES.log, this.from, PIECE, signal).catch(() => null);
      signal.throwIfAborted();
      if (!piece || piece.bytes.length === 0) return;
      this.from = piece.next;
      // progress bars rewrite their line
      const parts = (this.rest + this.decoder.decode(piece.bytes, { stream: true })).split(/\r\n|[\r\n]/u);
      this.rest = parts.pop() ?? '';
      this.lines.push(...parts.filter((line) => line.trim() !== ''));
      this.lines.splice(0, Math.max(0, this.lines.length - KEEP_LINES));
      const last = this.lines.at(-1);
      if (last !== undefined) this.onStep({ kind: 'log', line: last });
      if (piece.next >= piece.size) return;
    }
  }
}
