import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { plainText } from '../../core/text/safe.ts';
import { request } from './http.ts';
import type { SchedulerAnswer } from './judge.ts';

/** `POST /api/jobs/` of Ray's Jobs API (Ray 2.x, "Ray Jobs REST API"). */
export interface Submission {
  readonly entrypoint: string;
  readonly submission_id: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entrypoint_num_gpus?: number;
  readonly entrypoint_num_cpus?: number;
  /** Bytes. */
  readonly entrypoint_memory?: number;
  readonly entrypoint_resources?: Readonly<Record<string, number>>;
}

/** `GET /api/jobs/ID`: what we read of it. Times are milliseconds since 1970. */
const jobSchema = z.object({
  status: z.string(),
  message: z.string().nullish(),
  end_time: z.number().nullish(),
  driver_exit_code: z.number().int().nullish(),
});

const TIMEOUT_MS = 60_000;
/** How long a cluster may have no agent to take a job. */
const AGENT_MS = 120_000;

export interface RayApi {
  /** @throws FoilError `unreachable`, `ray-refused`. That the id is taken is no error: that job is this one. */
  submit(submission: Submission, signal: AbortSignal): Promise<void>;
  ask(id: string, signal: AbortSignal): Promise<SchedulerAnswer>;
  stop(id: string, signal: AbortSignal): Promise<void>;
}

export function rayApi(address: string, key: string | null): RayApi {
  const base = `${address.replace(/\/+$/, '')}/api/jobs/`;

  async function call(method: 'GET' | 'POST', path: string, body: unknown, signal: AbortSignal) {
    try {
      const headers = {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      };
      const text = body === null ? null : JSON.stringify(body);
      const stop = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      return await request(method, base + path, headers, text, stop);
    } catch (error) {
      signal.throwIfAborted();
      const name = error instanceof Error ? error.name : '';
      const why = name === 'AbortError' || name === 'TimeoutError' ? 'no answer' : (error as Error).message;
      throw unreachable(address, why, error);
    }
  }

  async function ask(id: string, signal: AbortSignal): Promise<SchedulerAnswer> {
    try {
      const { status, text } = await call('GET', encodeURIComponent(id), null, signal);
      if (status === 404) return { kind: 'forgotten' };
      if (status !== 200) return { kind: 'unreachable', reason: `it answers ${status}: ${lastLine(text)}` };
      return answerOf(jobSchema.parse(JSON.parse(text)));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FoilError) return { kind: 'unreachable', reason: error.message };
      return { kind: 'unreachable', reason: `${address} does not answer as Ray's dashboard does` };
    }
  }

  return {
    ask,
    async submit(submission, signal) {
      const until = Date.now() + AGENT_MS;
      let { status, text } = await call('POST', '', submission, signal);
      for (;;) {
        if (status === 200) return;
        const there = await ask(submission.submission_id, signal);
        if (there.kind === 'queued' || there.kind === 'running' || there.kind === 'ended') return;
        // a head that has just started, or is very busy; the id makes asking again safe
        if (!/no available agent/i.test(text)) break;
        if (Date.now() > until) throw unreachable(address, lastLine(text), undefined);
        await sleep(2000, undefined, { signal });
        ({ status, text } = await call('POST', '', submission, signal));
      }
      if (status === 401 || status === 403) {
        throw new FoilError('key-refused', `Ray at ${address} wants another key (${status})`, {
          remedy: 'set the variable that key_env of the launcher names to the token of the cluster',
        });
      }
      throw new FoilError('ray-refused', `Ray refused the job (${status}): ${lastLine(text)}`, {
        remedy: ['correct what the run asks for', "see the dashboard's log"],
      });
    },
    async stop(id, signal) {
      const { status, text } = await call('POST', `${encodeURIComponent(id)}/stop`, null, signal);
      // it forgot the job: there is nothing to stop
      if (status === 200 || status === 404) return;
      throw unreachable(address, `it answers ${status}: ${lastLine(text)}`, undefined);
    },
  };
}

function answerOf(job: z.output<typeof jobSchema>): SchedulerAnswer {
  // the lines after the first are the end of the job's log
  const message = job.message ? plainText(job.message.trim().split('\n')[0] ?? '').slice(0, 300) : null;
  const ended = job.end_time ? new Date(job.end_time).toISOString() : null;
  const code = job.driver_exit_code ?? null;
  switch (job.status) {
    case 'PENDING':
      return { kind: 'queued', reason: message };
    case 'RUNNING':
      return { kind: 'running', reason: null };
    case 'SUCCEEDED':
      return { kind: 'ended', state: 'done', code: code ?? 0, signal: null, reason: null, ended };
    case 'STOPPED':
      return { kind: 'ended', state: 'cancelled', code, signal: null, reason: null, ended };
    case 'FAILED':
      return { kind: 'ended', state: 'failed', code, signal: null, reason: message && `Ray says: ${message}`, ended };
    default:
      return { kind: 'unreachable', reason: `it names a state that Foil does not know: ${plainText(job.status)}` };
  }
}

function unreachable(address: string, why: string, cause: unknown): FoilError {
  return new FoilError('unreachable', `Ray at ${address} cannot be asked: ${plainText(why)}`, {
    remedy: [
      'does its dashboard run, and is this its address? try it in a browser',
      'the same again later does no harm',
    ],
    cause,
  });
}

/** Ray answers with tracebacks; their last line says what was wrong. */
function lastLine(text: string): string {
  return plainText(text.trim().split('\n').at(-1) ?? '').slice(0, 300);
}
