import { resolve } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { ModelCard } from '../../core/model/card.ts';
import type { ChatModel, Discriminator, ModelEntry, ModelKind, ModelRegistry } from '../../core/ports.ts';
import { resolveKey } from '../config/keys.ts';
import { EMBEDDED, type FoilConfig, type ModelConfig } from '../config/schema.ts';
import { OpenAIChatModel } from '../openai/chat.ts';
import { type Endpoint, postBeside } from '../openai/client.ts';
import { OpenAIDiscriminator } from '../openai/discriminator.ts';
import { readTemplate } from '../openai/template.ts';
import { type AdapterFolder, findAdapters, readCard } from './cards.ts';
import type { EngineSource, RunningEngine } from './engine-source.ts';

/** The base model without an adapter: the paper's zero-shot simulator, and a chatbot of the untuned kind. */
const ZERO_SHOT = 'zero-shot';

/** System text of the untuned base in the chatbot's seat; without one, an empty session would be an empty prompt. */
const ZERO_SHOT_CHATBOT = 'You are a supportive chatbot. Listen, ask, and help, in one to three sentences.';

/** Sampling where neither card nor foil.yaml says anything; the paper states no temperature. */
const DEFAULT_SAMPLING = { temperature: 1, top_p: 0.95, max_tokens: 256 } as const;

export interface RegistryOptions {
  readonly config: FoilConfig;
  /** Folders that hold adapter folders, least important first. */
  readonly modelDirs: readonly string[];
  readonly engine: EngineSource;
  readonly env: NodeJS.ProcessEnv;
}

/** Models of foil.yaml, of `models/`, and the base itself, by name. */
export class Registry implements ModelRegistry {
  private readonly options: RegistryOptions;
  private running: Promise<RunningEngine> | null = null;

  constructor(options: RegistryOptions) {
    this.options = options;
  }

  async list(): Promise<ModelEntry[]> {
    const { config } = this.options;
    const { adapters, broken } = await this.adapters();
    const entries: ModelEntry[] = [...adapters.values()].map(({ card }) => ({
      name: card.name,
      kind: card.kind,
      server: EMBEDDED,
      summary: `LoRA r${card.adapter.rank} on ${card.base.name}`,
      licence: card.licence ?? null,
      unavailable: null,
    }));
    for (const kind of ['simulator', 'chatbot'] as const) {
      const summary = 'the embedded base, prompted only';
      entries.push({ name: ZERO_SHOT, kind, server: EMBEDDED, summary, licence: 'Apache-2.0', unavailable: null });
    }
    for (const [name, model] of Object.entries(config.models)) {
      if (model.server === undefined) continue;
      const summary = `${model.model} on ${model.server}`;
      entries.push({
        name,
        kind: model.kind,
        server: model.server,
        summary,
        licence: null,
        unavailable: this.missing(model),
      });
    }
    for (const { dir, error } of broken) {
      const unavailable = error instanceof Error ? error.message : String(error);
      entries.push({
        name: dir,
        kind: 'simulator',
        server: EMBEDDED,
        summary: 'unreadable',
        licence: null,
        unavailable,
      });
    }
    return entries;
  }

  /** The card of an adapter, for `foil models show`; null for models without one. */
  async card(name: string): Promise<AdapterFolder | null> {
    return (await this.adapters()).adapters.get(name) ?? null;
  }

  async chatModel(name: string, kind: 'simulator' | 'chatbot', signal: AbortSignal): Promise<ChatModel> {
    const configured = this.served(name, kind);
    if (configured && configured.kind !== 'discriminator') return this.remoteChat(name, configured);
    if (name === ZERO_SHOT) return await this.embeddedChat(name, kind, null, signal);
    return await this.embeddedChat(name, kind, await this.adapter(name, kind), signal);
  }

  async discriminator(name: string, signal: AbortSignal): Promise<Discriminator> {
    const configured = this.served(name, 'discriminator');
    if (configured?.kind === 'discriminator') {
      const dir = configured.card ?? '';
      return await this.judge(
        name,
        configured.model,
        { dir, card: await readCard(dir) },
        {
          endpoint: this.endpoint(configured),
          engine: configured.server,
          window: null,
        },
      );
    }
    const adapter = await this.adapter(name, 'discriminator');
    const engine = await this.start(signal);
    await engine.load(name, adapter.dir, signal);
    return await this.judge(name, name, adapter, {
      endpoint: engine.endpoint,
      engine: `embedded ${engine.version} f16`,
      window: engine.window,
    });
  }

  /** Starts the engine, or joins the one that runs; fetches the base weights first where they are missing. */
  start(signal: AbortSignal): Promise<RunningEngine> {
    this.running ??= this.options.engine.connect(signal).then(
      (engine) => {
        // An engine that died must not be asked again: the next call starts another.
        void engine.closed.then(() => {
          this.running = null;
        });
        return engine;
      },
      (error) => {
        this.running = null;
        throw error;
      },
    );
    return this.running;
  }

  async close(): Promise<void> {
    const running = this.running;
    this.running = null;
    await (await running?.catch(() => null))?.close();
  }

  private async embeddedChat(
    name: string,
    kind: 'simulator' | 'chatbot',
    adapter: AdapterFolder | null,
    signal: AbortSignal,
  ): Promise<ChatModel> {
    const engine = await this.start(signal);
    const model = adapter ? name : engine.base;
    if (adapter) await engine.load(name, adapter.dir, signal);
    return new OpenAIChatModel({
      name,
      endpoint: engine.endpoint,
      model,
      sampling: { ...DEFAULT_SAMPLING, ...adapter?.card.sampling },
      system: adapter ? (adapter.card.system ?? null) : kind === 'chatbot' ? ZERO_SHOT_CHATBOT : null,
      flip: kind === 'simulator',
      window: engine.window,
      end:
        adapter && kind === 'simulator'
          ? { tokenId: await tokenId(engine.endpoint, model, adapter.card, signal) }
          : null,
    });
  }

  private remoteChat(name: string, model: ServedChat): ChatModel {
    const simulator = model.kind === 'simulator' ? model : null;
    return new OpenAIChatModel({
      name,
      endpoint: this.endpoint(model),
      model: model.model,
      sampling: { ...DEFAULT_SAMPLING, ...model.sampling },
      system: model.system,
      flip: simulator?.flip ?? true,
      window: model.window ?? null,
      end: simulator?.end === undefined ? null : { marker: simulator.end },
    });
  }

  private async judge(
    name: string,
    model: string,
    { dir, card }: AdapterFolder,
    where: { endpoint: Endpoint; engine: string; window: number | null },
  ): Promise<Discriminator> {
    if (!card.discriminator) {
      throw new FoilError('not-discriminator', `the card of ${name} has no section "discriminator"`, {
        where: { file: resolve(dir, 'card.json') },
        remedy: 'export the discriminator again',
      });
    }
    const template = await readTemplate(resolve(dir, card.template.file));
    if (template.sha256 !== card.template.sha256) {
      throw new FoilError('template-changed', `the template of ${name} is not the one that it was trained with`, {
        where: { file: resolve(dir, card.template.file) },
        remedy: 'restore the file, or export the discriminator again: scores with another template mean nothing',
      });
    }
    const { input, context, labels, logit_p0: logitP0 } = card.discriminator;
    return new OpenAIDiscriminator({ name, model, input: { input, context }, labels, logitP0, template, ...where });
  }

  private endpoint(model: Served): Endpoint {
    const server = this.options.config.servers[model.server];
    if (!server) {
      throw new FoilError('unknown-server', `foil.yaml has no server "${model.server}"`, {
        remedy: 'add it under servers',
      });
    }
    return {
      server: model.server,
      baseURL: server.base_url,
      key: resolveKey(model.server, server, this.options.env, this.options.config.file),
      keyName: server.key_env ?? null,
      timeoutMs: server.timeout_s * 1000,
      dialect: server.dialect,
    };
  }

  private missing(model: ModelConfig): string | null {
    const server = model.server === undefined ? undefined : this.options.config.servers[model.server];
    const key = server?.key_env;
    return key !== undefined && !this.options.env[key] ? `the environment variable ${key} is not set` : null;
  }

  private served(name: string, kind: ModelKind): Served | null {
    const model = this.options.config.models[name];
    return model?.kind === kind && isServed(model) ? model : null;
  }

  private async adapter(name: string, kind: ModelKind): Promise<AdapterFolder> {
    const { adapters } = await this.adapters();
    const found = adapters.get(name);
    if (found?.card.kind === kind) return found;
    const known = (await this.list()).filter((entry) => entry.kind === kind).map((entry) => entry.name);
    throw new FoilError('unknown-model', `no ${kind} is called "${name}"`, {
      remedy: known.length > 0 ? `known: ${known.join(', ')}` : 'add one to foil.yaml, or train one',
    });
  }

  /** Adapters in models/ folders, and those that foil.yaml names by path under names of its own. */
  private async adapters(): ReturnType<typeof findAdapters> {
    const found = await findAdapters(this.options.modelDirs);
    for (const [name, model] of Object.entries(this.options.config.models)) {
      if (model.path === undefined) continue;
      const dir = model.path;
      try {
        found.adapters.set(name, { dir, card: { ...(await readCard(dir)), name, kind: model.kind } });
      } catch (error) {
        found.broken.push({ dir, error });
      }
    }
    return found;
  }
}

/** A model of foil.yaml that a server answers for. */
type Served = ModelConfig & { readonly server: string; readonly model: string };
type ServedChat = Exclude<Served, { kind: 'discriminator' }>;

function isServed(model: ModelConfig): model is Served {
  return model.server !== undefined && model.model !== undefined;
}

/** Id of the token that ends a session, by the tokeniser of the model itself. */
async function tokenId(endpoint: Endpoint, model: string, card: ModelCard, signal: AbortSignal): Promise<number> {
  const body = { model, prompt: card.stop.session, add_special_tokens: false };
  const { tokens } = await postBeside<{ tokens: number[] }>(endpoint, 'tokenize', body, signal);
  const [id] = tokens;
  if (id !== undefined && tokens.length === 1) return id;
  throw new FoilError('bad-card', `${card.stop.session} is not one token of ${card.base.name}`, {
    remedy: 'stop.session of the card must be a special token of the base',
  });
}
