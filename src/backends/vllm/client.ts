import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { safeText } from '../../core/text/safe.ts';
import type { VllmState } from './state.ts';

/** What of vLLM's answers is read; shapes as in vLLM 0.33 (vllm/entrypoints/serve/engine/protocol.py). */
const modelListSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      /** Of an adapter: the path that it was loaded from, as it was given. */
      root: z.string().nullish(),
      /** Null for the base; an adapter names its base. */
      parent: z.string().nullish(),
      /** Only the base's card has it. */
      max_model_len: z.int().positive().nullish(),
    }),
  ),
});
const versionSchema = z.object({ version: z.string() });
const refusalSchema = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

export type VllmModel = z.output<typeof modelListSchema>['data'][number];

/** How long a question that needs no token of a model may take; loading an adapter reads a file and may take longer. */
const ANSWER_MS = 10_000;
const LOAD_MS = 300_000;

/** vLLM's own routes, beside those of the OpenAI API that `backends/openai` speaks. */
export class VllmClient {
  readonly baseURL: string;
  private readonly origin: string;
  private readonly headers: Readonly<Record<string, string>>;

  constructor({ port, token }: Pick<VllmState, 'port' | 'token'>) {
    this.origin = `http://127.0.0.1:${port}`;
    this.baseURL = `${this.origin}/v1`;
    this.headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  /** Whether its engine is up; false if nothing answers, or something else does. Never throws but the signal's reason. */
  async healthy(signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.fetch(`${this.origin}/health`, {}, ANSWER_MS, signal);
      await answer.body?.cancel();
      return answer.status === 200;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  /** The base and every adapter that it serves. @throws FoilError if what answers is not our vLLM. */
  async models(signal: AbortSignal): Promise<VllmModel[]> {
    const answer = await this.ask(`${this.baseURL}/models`, {}, ANSWER_MS, signal);
    const parsed = modelListSchema.safeParse(await answer.json().catch(() => null));
    if (parsed.success) return parsed.data.data;
    throw notVllm(this.baseURL);
  }

  async version(signal: AbortSignal): Promise<string> {
    const answer = await this.ask(`${this.origin}/version`, {}, ANSWER_MS, signal);
    return versionSchema.catch({ version: 'unknown' }).parse(await answer.json().catch(() => null)).version;
  }

  /** Loads an adapter from a path on its machine. `replace`: one of that name is loaded. @throws FoilError with vLLM's reason. */
  async load(name: string, path: string, replace: boolean, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ lora_name: name, lora_path: path, ...(replace && { load_inplace: true }) });
    const answer = await this.ask(`${this.baseURL}/load_lora_adapter`, { method: 'POST', body }, LOAD_MS, signal, name);
    await answer.body?.cancel();
  }

  private async ask(url: string, init: RequestInit, ms: number, signal: AbortSignal, what?: string): Promise<Response> {
    let answer: Response;
    try {
      answer = await this.fetch(url, init, ms, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw unreachable(this.baseURL, cause);
    }
    if (answer.ok) return answer;
    throw refused(answer.status, await answer.text().catch(() => ''), what);
  }

  private fetch(url: string, init: RequestInit, ms: number, signal: AbortSignal): Promise<Response> {
    const { headers } = this;
    return fetch(url, { ...init, headers, signal: AbortSignal.any([signal, AbortSignal.timeout(ms)]) });
  }
}

/** What can be done when it does not answer; the same words wherever that is noticed. */
export const GONE = [
  'how it stands: `foil serve --engine vllm` (joins it, or starts it again)',
  'back to the embedded engine: `foil serve --engine vllm --stop`',
];

function unreachable(url: string, cause: unknown): FoilError {
  return new FoilError('unreachable', `the vLLM of this workspace does not answer (${url})`, { remedy: GONE, cause });
}

function notVllm(url: string): FoilError {
  return new FoilError('bad-answer', `what answers at ${url} is not the vLLM that Foil started`, {
    remedy: ['does another program use that port? stop it: `foil serve --engine vllm --stop`', 'and start it again'],
  });
}

function refused(status: number, text: string, what: string | undefined): FoilError {
  if (status === 401) {
    return new FoilError('not-authorised', 'vLLM refused the key of this workspace (HTTP 401)', {
      remedy: 'another vLLM answers on that port: `foil serve --engine vllm --stop`, then start it again',
    });
  }
  let reason = `HTTP ${status}`;
  try {
    const { error } = refusalSchema.parse(JSON.parse(text));
    reason = typeof error === 'string' ? error : error.message;
  } catch {
    // a page of a proxy says no more than its status
  }
  const said = safeText(reason.replace(/\s+/gu, ' ').slice(0, 400));
  return new FoilError('vllm-refused', what === undefined ? `vLLM: ${said}` : `vLLM does not load ${what}: ${said}`, {
    remedy:
      status === 404
        ? 'does its machine have that path, and was it started with VLLM_ALLOW_RUNTIME_LORA_UPDATING?'
        : 'look at the log of vLLM; an adapter must be of the base and of at most the rank that it was started for',
  });
}
