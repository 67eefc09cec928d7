import { FoilError } from '../../core/errors.ts';
import type {
  ChatKind,
  ChatModel,
  Discriminator,
  GenerateEvent,
  GenerateRequest,
  ModelEntry,
  ModelKind,
  ModelRegistry,
} from '../../core/ports.ts';
import type { ChatMessage } from '../../core/prompt/messages.ts';

/** What a scripted model says next. A text that ends with `<end>` ends the session; an Error is thrown in mid-reply. */
export type Script = (request: GenerateRequest, index: number) => string | Error;

/** A chat model that follows a script, word by word, and remembers what it was asked. */
export class FakeChatModel implements ChatModel {
  readonly sampling = { temperature: 1 };
  readonly flip = true;
  readonly requests: GenerateRequest[] = [];
  readonly name: string;
  readonly system: string | null;
  readonly window: number | null;
  private readonly script: Script;
  private readonly delayMs: number;

  constructor(name: string, script: Script, options: { system?: string; window?: number; delayMs?: number } = {}) {
    this.name = name;
    this.script = script;
    this.system = options.system ?? null;
    this.window = options.window ?? null;
    this.delayMs = options.delayMs ?? 0;
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
    this.requests.push(request);
    for (let index = 0; index < request.n; index += 1) {
      const said = this.script(request, index);
      const failure = said instanceof Error ? said : null;
      const whole = failure ? failure.message : (said as string);
      const end = whole.endsWith('<end>');
      const text = whole.replace(/<end>$/u, '');
      for (const word of text.split(/(?<=\s)/u)) {
        if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
        signal.throwIfAborted();
        yield { type: 'delta', index, text: word };
      }
      if (failure) throw new FoilError('stream-cut', `${this.name} was cut off`, { remedy: 'retry' });
      yield { type: 'choice', index, text, end, cut: false };
    }
  }

  countTokens(texts: readonly string[]): Promise<number[]> {
    return Promise.resolve(texts.map((text) => Math.ceil(text.length / 4)));
  }
}

/** A discriminator that computes z from the messages by a given rule. */
export class FakeDiscriminator implements Discriminator {
  readonly input = { input: 'all', context: true } as const;
  readonly logitP0 = 0;
  readonly template = 'fake';
  readonly engine = 'fake';
  readonly window = null;
  readonly name: string;
  private readonly rule: (messages: readonly ChatMessage[]) => number;

  constructor(name: string, rule: (messages: readonly ChatMessage[]) => number) {
    this.name = name;
    this.rule = rule;
  }

  async score(messages: readonly ChatMessage[], signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    return this.rule(messages);
  }
}

/** A registry of scripted models. */
export class FakeRegistry implements ModelRegistry {
  private readonly simulators: readonly ChatModel[];
  private readonly chatbots: readonly ChatModel[];
  private readonly discriminators: readonly Discriminator[];

  constructor(models: { simulators?: ChatModel[]; chatbots?: ChatModel[]; discriminators?: Discriminator[] }) {
    this.simulators = models.simulators ?? [];
    this.chatbots = models.chatbots ?? [];
    this.discriminators = models.discriminators ?? [];
  }

  async list(): Promise<ModelEntry[]> {
    const entries = (kind: ModelKind, models: readonly { readonly name: string }[]): ModelEntry[] =>
      models.map(({ name }) => ({
        ...{ name, kind, server: 'fake', summary: 'scripted', licence: null, unavailable: null },
      }));
    return [
      ...entries('simulator', this.simulators),
      ...entries('chatbot', this.chatbots),
      ...entries('discriminator', this.discriminators),
    ];
  }

  async chatModel(name: string, kind: ChatKind): Promise<ChatModel> {
    const models = kind === 'simulator' ? this.simulators : this.chatbots;
    return models.find((model) => model.name === name) ?? fail(name);
  }

  async discriminator(name: string): Promise<Discriminator> {
    return this.discriminators.find((model) => model.name === name) ?? fail(name);
  }
}

function fail(name: string): never {
  throw new FoilError('unknown-model', `no model is called "${name}"`, { remedy: 'see `foil models`' });
}
