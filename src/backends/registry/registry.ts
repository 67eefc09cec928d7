import { resolve } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { ModelCard } from '../../core/model/card.ts';
import type { ChatKind, ChatModel, Discriminator, ModelEntry, ModelRegistry } from '../../core/ports.ts';
import type { Sampling } from '../../core/session/schema.ts';
import { resolveKey } from '../config/keys.ts';
import type { FoilConfig, ModelConfig } from '../config/schema.ts';
import { ChatTemplate } from '../embedded/server/template.ts';
import { OpenAIChatModel } from '../openai/chat.ts';
import { type Endpoint, tokenize, windowOf } from '../openai/client.ts';
import { OpenAIDiscriminator } from '../openai/discriminator.ts';
import { type AdapterFolder, readAdapter } from './cards.ts';
import { checkKind, entryOf, findModel, type Known, readCatalogue, type Served } from './catalogue.ts';
import type { EngineSource, RunningEngine } from './engine-source.ts';
import { SharedEngine } from './shared-engine.ts';

/** System text of the untuned base in the chatbot's seat; without one, an empty session would be an empty prompt. */
const ZERO_SHOT_CHATBOT = 'You are a supportive chatbot. Listen, ask, and help, in one to three sentences.';

/** Sampling of the workspace's engine where neither card nor foil.yaml says anything; the paper states no temperature. */
const ENGINE_SAMPLING: Sampling = { temperature: 1, top_p: 0.95, max_tokens: 256 };

/** The same for other servers, with OpenAI's own default of top_p, since some of its models take no other. */
const SERVER_SAMPLING: Sampling = { temperature: 1, max_tokens: 256 };

/** A judge should say the same of the same session; its answer about a session may name many messages. */
const JUDGE_SAMPLING: Sampling = { temperature: 0, max_tokens: 1024 };

/** Sampling that foil.yaml gives a model for the seat it takes: what a chatbot talks with is not for its judging. */
function judged(kind: ChatKind, config: ModelConfig): Sampling {
  if (config.kind === 'discriminator' || (kind === 'judge' && config.kind !== 'judge')) return {};
  return config.sampling;
}

export interface RegistryOptions {
  readonly config: FoilConfig;
  /** Folders that hold adapter folders, least important first. */
  readonly modelDirs: readonly string[];
  readonly engine: EngineSource;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Models of foil.yaml, of `models/`, and the base itself, by name. */
export class Registry implements ModelRegistry {
  private readonly options: RegistryOptions;
  private readonly engine: SharedEngine;
  /** Tokens that a model of a server takes, by endpoint and model: asked for once. */
  private readonly windows = new Map<string, number | null>();

  constructor(options: RegistryOptions) {
    this.options = options;
    this.engine = new SharedEngine(options.engine);
  }

  async list(): Promise<ModelEntry[]> {
    const place = await this.options.engine.place();
    return (await this.catalogue()).map((known) => entryOf(known, place, (model) => this.missing(model)));
  }

  /** The card of an adapter, for `foil models show`; null for models without one. */
  async card(name: string): Promise<AdapterFolder | null> {
    const found = (await this.catalogue()).find((known) => known.name === name && known.source.type === 'adapter');
    return found?.source.type === 'adapter' ? found.source.folder : null;
  }

  async chatModel(name: string, kind: ChatKind, signal: AbortSignal): Promise<ChatModel> {
    const source = findModel(await this.catalogue(), name, kind);
    if (source.type === 'server') return await this.servedChat(name, kind, source.config, signal);
    const [folder, config] = source.type === 'adapter' ? [source.folder, source.config] : [null, null];
    return await this.embeddedChat(name, kind, folder, config, signal);
  }

  async discriminator(name: string, signal: AbortSignal): Promise<Discriminator> {
    const source = findModel(await this.catalogue(), name, 'discriminator');
    if (source.type === 'server') {
      const { config } = source;
      const folder = await this.cardOf(name, config);
      if (!folder) throw noSection(name, this.options.config.file);
      const endpoint = this.endpoint(config);
      const window = await this.window(endpoint, config.model, signal);
      return await judge(name, config.model, folder, { endpoint, engine: config.server, window });
    }
    if (source.type !== 'adapter') throw noSection(name, null);
    const { folder } = source;
    const engine = await this.start(signal);
    await engine.load(name, folder.dir, signal);
    const { endpoint, scorer, window } = engine;
    return await judge(name, name, folder, { endpoint, engine: scorer, window });
  }

  /** Starts the engine, or joins the one that runs; fetches the base weights first where they are missing. */
  start(signal: AbortSignal): Promise<RunningEngine> {
    return this.engine.get(signal);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private catalogue(): Promise<Known[]> {
    return readCatalogue(this.options.config, this.options.modelDirs);
  }

  private async embeddedChat(
    name: string,
    kind: ChatKind,
    folder: AdapterFolder | null,
    config: ModelConfig | null,
    signal: AbortSignal,
  ): Promise<ChatModel> {
    const engine = await this.start(signal);
    const { endpoint, base } = engine;
    const settings = config && config.kind !== 'discriminator' ? config : null;
    const simulator = settings?.kind === 'simulator' ? settings : null;
    if (folder) await engine.load(name, folder.dir, signal);
    const model = folder ? name : base;
    return new OpenAIChatModel({
      name,
      endpoint,
      model,
      sampling: {
        ...{ ...ENGINE_SAMPLING, ...folder?.card.sampling },
        ...(kind === 'judge' ? JUDGE_SAMPLING : {}),
        ...(settings ? judged(kind, settings) : {}),
      },
      system: settings?.system ?? folder?.card.system ?? (!folder && kind === 'chatbot' ? ZERO_SHOT_CHATBOT : null),
      flip: simulator?.flip ?? true,
      window: Math.min(engine.window, settings?.window ?? engine.window),
      end: {
        tokenId: folder && kind === 'simulator' ? await endToken(endpoint, model, folder.card, signal) : null,
        marker: simulator?.end ?? null,
      },
    });
  }

  private async servedChat(name: string, kind: ChatKind, config: Served, signal: AbortSignal): Promise<ChatModel> {
    if (config.kind === 'discriminator') throw noSection(name, null);
    const card = (await this.cardOf(name, config))?.card ?? null;
    const endpoint = this.endpoint(config);
    const vllm = endpoint.dialect === 'vllm';
    const simulator = config.kind === 'simulator' ? config : null;
    const trained = vllm ? card?.sampling : openAIsOwn(card?.sampling);
    return new OpenAIChatModel({
      name,
      endpoint,
      model: config.model,
      sampling: {
        ...SERVER_SAMPLING,
        ...trained,
        ...(kind === 'judge' ? JUDGE_SAMPLING : {}),
        ...judged(kind, config),
      },
      system: config.system ?? card?.system ?? null,
      flip: simulator?.flip ?? true,
      window: config.window ?? (await this.window(endpoint, config.model, signal)),
      end: {
        tokenId: vllm && card && simulator ? await endToken(endpoint, config.model, card, signal) : null,
        marker: simulator?.end ?? null,
      },
      price: config.price ?? this.options.config.servers[config.server]?.price,
    });
  }

  /** The card that foil.yaml names for a model of a server. */
  private async cardOf(name: string, model: Served): Promise<AdapterFolder | null> {
    if (model.card === undefined) return null;
    const folder = await readAdapter(model.card);
    checkKind(name, model, folder, this.options.config);
    return folder;
  }

  private async window(endpoint: Endpoint, model: string, signal: AbortSignal): Promise<number | null> {
    if (endpoint.dialect !== 'vllm') return null;
    const id = JSON.stringify([endpoint.baseURL, model]);
    const known = this.windows.get(id);
    if (known !== undefined) return known;
    const window = await windowOf(endpoint, model, signal);
    this.windows.set(id, window);
    return window;
  }

  /** A server of foil.yaml. @throws FoilError `unknown-server`, or for a key that is not there. */
  endpoint({ server: name }: { readonly server: string }): Endpoint {
    const { config, env } = this.options;
    const server = config.servers[name];
    if (!server) {
      throw new FoilError('unknown-server', `foil.yaml has no server "${name}"`, {
        remedy: 'add it under servers',
      });
    }
    return {
      server: name,
      baseURL: server.base_url,
      key: resolveKey(name, server, env, config.file),
      keyName: server.key_env ?? null,
      timeoutMs: server.timeout_s * 1000,
      dialect: server.dialect,
      atOnce: server.at_once,
      own: false,
    };
  }

  private missing(model: Served): string | null {
    try {
      this.endpoint(model);
      return null;
    } catch (error) {
      if (error instanceof FoilError) return error.message;
      throw error;
    }
  }
}

async function judge(
  name: string,
  model: string,
  { dir, card }: AdapterFolder,
  where: { endpoint: Endpoint; engine: string; window: number | null },
): Promise<Discriminator> {
  if (!card.discriminator) throw noSection(name, resolve(dir, 'card.json'));
  const file = resolve(dir, card.template.file);
  const template = await ChatTemplate.read(file);
  if (template.sha256 !== card.template.sha256) {
    throw new FoilError('template-changed', `the template of ${name} is not the one that it was trained with`, {
      where: { file },
      remedy: 'restore the file, or export the discriminator again: scores with another template mean nothing',
    });
  }
  const { input, context, labels, logit_p0: logitP0 } = card.discriminator;
  return new OpenAIDiscriminator({ name, model, input: { input, context }, labels, logitP0, template, ...where });
}

function noSection(name: string, file: string | null): FoilError {
  return new FoilError('not-discriminator', `there is no card of ${name} with a section "discriminator"`, {
    ...(file === null ? {} : { where: { file } }),
    remedy: 'export the discriminator again',
  });
}

/** What of a sampling every OpenAI-compatible server takes. */
function openAIsOwn(sampling: Sampling | null | undefined): Sampling {
  const { temperature, top_p, max_tokens } = sampling ?? {};
  return Object.fromEntries(
    Object.entries({ temperature, top_p, max_tokens }).filter(([, value]) => value !== undefined),
  );
}

/** Id of the token that ends a session, by the tokeniser of the model itself. */
async function endToken(endpoint: Endpoint, model: string, card: ModelCard, signal: AbortSignal): Promise<number> {
  const { tokens } = await tokenize(endpoint, model, card.stop.session, signal);
  const [id] = tokens;
  if (id !== undefined && tokens.length === 1) return id;
  throw new FoilError('bad-card', `${card.stop.session} is not one token of ${model} on ${endpoint.server}`, {
    remedy: `is ${card.base.name} its base? stop.session of the card must be a special token of it`,
  });
}
