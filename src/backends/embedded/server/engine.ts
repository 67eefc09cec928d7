import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FoilError } from '../../../core/errors.ts';
import { cardSchema } from '../../../core/model/card.ts';
import type { EngineModelCard, EngineStats } from '../protocol.ts';
import { fileSha256 } from '../sha256.ts';
import { FairQueue } from './fair-queue.ts';
import { type GenerationEvent, type GenerationRequest, generate } from './generate.ts';
import { HttpError } from './http-error.ts';
import type { EmbedderPort, ModelPort } from './runtime.ts';
import { type Lane, SlotPool } from './slots.ts';
import { ChatTemplate } from './template.ts';
import type { Threads } from './threads.ts';

export interface EngineOptions {
  /** Name of the base model in `/v1/models`. */
  readonly name: string;
  readonly template: ChatTemplate;
  readonly loadQ4: () => Promise<ModelPort>;
  /** The same weights as F16; null where there are none (discriminators are then refused). */
  readonly loadF16: (() => Promise<ModelPort>) | null;
  /** sha256 of the base GGUF if it is known: adapters must have been trained on it. */
  readonly modelSha: string | null;
  readonly slots: number;
  /** Tokens that prompt and reply share at most. */
  readonly context: number;
  readonly threads: () => Threads;
}

/** The base model or an adapter, as requests name it. */
export interface ServedModel {
  readonly card: EngineModelCard;
  readonly lane: Lane;
  readonly template: ChatTemplate;
  /** Path and sha256 of the adapter's GGUF, to see whether a second load means the same. */
  readonly adapter: { readonly file: string; readonly sha256: string } | null;
}

/** What an adapter folder's card tells the engine. Sections for people may be missing in unfinished cards. */
const adapterCardSchema = cardSchema.pick({ kind: true, base: true, adapter: true, template: true });

/** One base model with its adapters, its caches and its compute. */
export class Engine {
  readonly pool: SlotPool;
  readonly queue = new FairQueue();
  readonly requests = { running: 0, finished: 0, aborted: 0 };
  private readonly options: EngineOptions;
  private readonly models = new Map<string, ServedModel>();
  private readonly started = Date.now();
  private readonly base: ModelPort;
  private f16: Promise<ModelPort> | null = null;
  private embedder: EmbedderPort | null = null;

  private constructor(options: EngineOptions, base: ModelPort) {
    this.options = options;
    this.base = base;
    this.pool = new SlotPool(options.slots, this.queue);
    const limit = Math.min(base.maxContext, options.context);
    this.models.set(options.name, {
      card: this.card(options.name, options.name, null, limit, 'q4_1', options.template),
      lane: { model: base, lora: null, limit },
      template: options.template,
      adapter: null,
    });
  }

  static async start(options: EngineOptions): Promise<Engine> {
    return new Engine(options, await options.loadQ4());
  }

  list(): EngineModelCard[] {
    return [...this.models.values()].map((model) => model.card);
  }

  /** @throws HttpError 404 with the names that exist. */
  model(name: string): ServedModel {
    const model = this.models.get(name);
    if (model) return model;
    throw new HttpError(404, `the model \`${name}\` does not exist; loaded: ${[...this.models.keys()].join(', ')}`, {
      param: 'model',
      code: 'model_not_found',
    });
  }

  /** Runs a request to its end or abort, and counts it. */
  async *generate(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<GenerationEvent, void, undefined> {
    const ended = this.begin(signal);
    try {
      yield* generate(request, this.pool, this.queue, signal);
    } finally {
      ended();
    }
  }

  /** A unit vector of each input, from the base model; each is one step of the queue. Counts as one request. */
  async *embed(
    inputs: readonly (readonly number[])[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly number[], void, undefined> {
    const ended = this.begin(signal);
    try {
      for (const tokens of inputs) {
        yield await this.queue.run(signal, async () => {
          this.embedder ??= await this.base.openEmbedder();
          return unit(await this.embedder.embed(tokens));
        });
      }
    } finally {
      ended();
    }
  }

  /** Counts a request; to be called when it is over. */
  private begin(signal: AbortSignal): () => void {
    this.requests.running += 1;
    return () => {
      this.requests.running -= 1;
      this.requests[signal.aborted ? 'aborted' : 'finished'] += 1;
    };
  }

  /**
   * Loads an adapter under a name: a folder with adapter.gguf, card.json and template.jinja, or a bare GGUF. The same adapter
   * again changes nothing; another one under the same name takes its place.
   * @throws FoilError if it is not usable: no such file, wrong sha256, other base.
   */
  async loadAdapter(name: string, path: string): Promise<void> {
    if (name === this.options.name)
      throw new HttpError(400, `\`${name}\` is the base model's name`, { param: 'lora_name' });
    const source = await adapterAt(path);
    const old = this.models.get(name);
    if (
      old?.adapter?.sha256 === source.sha256 &&
      old.template.sha256 === (source.template ?? this.options.template).sha256
    )
      return;
    if (source.baseSha !== null && this.options.modelSha !== null && source.baseSha !== this.options.modelSha) {
      throw new FoilError(
        'other-base',
        `${name} was trained on another base model (sha256 ${source.baseSha.slice(0, 12)}...)`,
        {
          where: { file: path },
          remedy: 'start the engine with the base that the card names, or train the adapter on this one',
        },
      );
    }
    const scores = source.kind === 'discriminator';
    const model = scores ? await this.precise(name) : this.base;
    const template = source.template ?? this.options.template;
    const limit = Math.min(model.maxContext, this.options.context);
    const lane: Lane = { model, lora: source.file, limit };
    // opening a first cache tells now, not at the first turn, whether llama.cpp can read the adapter
    await this.tryOut(lane, name, path);
    this.models.set(name, {
      card: this.card(name, source.file, this.options.name, limit, scores ? 'f16' : 'q4_1', template),
      lane,
      template,
      adapter: source,
    });
    if (old) await this.pool.retire(old.lane);
  }

  /** @throws HttpError 404 if there is no such adapter. */
  async unloadAdapter(name: string): Promise<void> {
    const model = this.model(name);
    if (!model.adapter) throw new HttpError(400, `\`${name}\` is the base model`, { param: 'lora_name' });
    this.models.delete(name);
    await this.pool.retire(model.lane);
  }

  stats(leases: number): EngineStats {
    const nameOf = (lane: Lane): string =>
      [...this.models].find(([, model]) => model.lane === lane)?.[0] ?? '(unloaded)';
    return {
      uptime_s: (Date.now() - this.started) / 1000,
      requests: { ...this.requests },
      leases,
      queued_steps: this.queue.length,
      threads: this.options.threads(),
      rss_bytes: process.memoryUsage.rss(),
      slots: this.pool.slots.map((slot) => ({
        model: nameOf(slot.lane),
        size: slot.sequence.size,
        held: slot.prompt.tokens.length,
        busy: slot.busy,
        evaluated: slot.evaluated,
        reused: slot.reused,
      })),
      ...this.pool.totals(),
    };
  }

  private async tryOut(lane: Lane, name: string, path: string): Promise<void> {
    try {
      const slot = await this.pool.acquire(lane, { tokens: [], ends: [] }, 1, AbortSignal.timeout(120_000));
      this.pool.release(slot);
    } catch (cause) {
      throw new FoilError('bad-adapter', `llama.cpp cannot use the adapter ${name}: ${(cause as Error).message}`, {
        where: { file: path },
        remedy: 'export it again with `python -m foil_train export`',
        cause,
      });
    }
  }

  private precise(name: string): Promise<ModelPort> {
    if (!this.options.loadF16) {
      throw new FoilError('no-f16', `${name} is a discriminator and needs the base weights as F16`, {
        remedy: 'give the engine --model-f16 FILE (`foil setup` writes that file)',
      });
    }
    this.f16 ??= this.options.loadF16();
    this.f16.catch(() => {
      this.f16 = null;
    });
    return this.f16;
  }

  private card(
    id: string,
    root: string,
    parent: string | null,
    limit: number,
    precision: string,
    template: ChatTemplate,
  ): EngineModelCard {
    return {
      id,
      object: 'model',
      created: Math.floor(this.started / 1000),
      owned_by: 'foil',
      root: basename(root),
      parent,
      max_model_len: limit,
      precision,
      template_sha256: template.sha256,
    };
  }
}

function unit(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

interface AdapterSource {
  readonly file: string;
  readonly sha256: string;
  readonly kind: string | null;
  readonly baseSha: string | null;
  readonly template: ChatTemplate | null;
}

async function adapterAt(path: string): Promise<AdapterSource> {
  const info = await stat(path).catch(() => null);
  if (!info) throw missing(path);
  if (info.isFile()) return { file: path, sha256: await fileSha256(path), kind: null, baseSha: null, template: null };
  const file = join(path, 'adapter.gguf');
  const cardFile = join(path, 'card.json');
  const text = await readFile(cardFile, 'utf8').catch(() => {
    throw missing(cardFile);
  });
  const card = adapterCardSchema.safeParse(JSON.parse(text));
  if (!card.success) {
    const issue = card.error.issues[0];
    throw new FoilError('bad-card', `the model card is not valid: ${issue?.message}`, {
      where: { file: cardFile, field: issue?.path.join('.') ?? '' },
      remedy: 'export the adapter again with `python -m foil_train export`',
    });
  }
  const sha256 = await fileSha256(file).catch(() => {
    throw missing(file);
  });
  if (sha256 !== card.data.adapter.gguf_sha256) throw changed(file, card.data.adapter.gguf_sha256, sha256);
  const template = await ChatTemplate.read(join(path, card.data.template.file));
  if (template.sha256 !== card.data.template.sha256) {
    throw changed(join(dirname(cardFile), card.data.template.file), card.data.template.sha256, template.sha256);
  }
  return { file, sha256, kind: card.data.kind, baseSha: card.data.base.gguf_sha256, template };
}

function missing(file: string): FoilError {
  return new FoilError('no-adapter', 'no such file', {
    where: { file },
    remedy: 'give the folder of an adapter (adapter.gguf, card.json, template.jinja) or a GGUF file',
  });
}

function changed(file: string, expected: string, got: string): FoilError {
  return new FoilError(
    'wrong-checksum',
    `not the file that its card describes: sha256 ${got.slice(0, 16)}..., expected ${expected.slice(0, 16)}...`,
    {
      where: { file },
      remedy: 'restore the file, or export the adapter again',
    },
  );
}
