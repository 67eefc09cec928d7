import { join } from 'node:path';
import {
  getLlama,
  type LlamaContext,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp';
import { ChatTemplate } from '../src/backends/embedded/server/template.ts';
import type { ChatModel } from '../src/core/ports.ts';
import { renderContext } from '../src/core/prompt/context.ts';
import { chatbotMessages, type PromptTurn, simulatorMessages } from '../src/core/prompt/messages.ts';
import type { Role, Session } from '../src/core/session/schema.ts';

type Sides<T> = Record<Role, T>;

export interface BareOptions {
  readonly model: string;
  /** Folders of the adapters. */
  readonly folders: Sides<string>;
  /** For their sampling and system text. */
  readonly models: Sides<ChatModel>;
  readonly threads: number;
  readonly atOnce: number;
}

/**
 * Two models talking on node-llama-cpp, as one would write it who knows the library: a context an adapter with a sequence for
 * each session, whose cache goes on from the tokens that it wrote itself; what two sessions ask of one context at a time, the
 * library computes as one batch.
 */
export class BareTalk {
  private readonly options: BareOptions;
  private readonly model: LlamaModel;
  private readonly templates: Sides<ChatTemplate>;
  private readonly sequences: readonly Sides<LlamaContextSequence>[];

  private read = 0;

  private constructor(
    options: BareOptions,
    model: LlamaModel,
    templates: Sides<ChatTemplate>,
    sequences: readonly Sides<LlamaContextSequence>[],
  ) {
    this.options = options;
    this.model = model;
    this.templates = templates;
    this.sequences = sequences;
  }

  static async start(options: BareOptions): Promise<BareTalk> {
    const { folders, threads, atOnce } = options;
    const llama = await getLlama({ build: 'never', gpu: false, logLevel: LlamaLogLevel.error, maxThreads: threads });
    const model = await llama.loadModel({ modelPath: options.model });
    const open = (role: Role): Promise<LlamaContext> =>
      model.createContext({
        ...{ contextSize: 2048, sequences: atOnce, threads, lora: join(folders[role], 'adapter.gguf') },
      });
    const contexts = { user: await open('user'), assistant: await open('assistant') };
    const template = (role: Role) => ChatTemplate.read(join(folders[role], 'template.jinja'));
    const templates = { user: await template('user'), assistant: await template('assistant') };
    const sequences = Array.from({ length: atOnce }, () => ({
      user: contexts.user.getSequence(),
      assistant: contexts.assistant.getSequence(),
    }));
    return new BareTalk(options, model, templates, sequences);
  }

  /** Says the sessions again, so many at once; each token is sampled, and then the session's own one is gone on with. */
  async say(sessions: readonly Session[]): Promise<{ tokens: number; seconds: number; read: number }> {
    const queue = sessions[Symbol.iterator]();
    let tokens = 0;
    this.read = 0;
    const started = performance.now();
    await Promise.all(
      this.sequences.map(async (sides) => {
        for (let next = queue.next(); !next.done; next = queue.next()) {
          const made = await this.one(next.value, sides);
          tokens += made;
        }
      }),
    );
    return { tokens, seconds: (performance.now() - started) / 1000, read: this.read };
  }

  private async one({ context, turns }: Session, sides: Sides<LlamaContextSequence>): Promise<number> {
    const system = renderContext(context).text;
    const said: PromptTurn[] = [];
    let tokens = 0;
    for (const { role, content } of turns) {
      const messages =
        role === 'user' ? simulatorMessages(system, said) : chatbotMessages(this.options.models.assistant.system, said);
      const prompt = this.model.tokenize(this.templates[role].render(messages, true), true);
      tokens += await this.reply(sides[role], prompt, this.model.tokenize(content), role);
      said.push({ role, content });
    }
    return tokens;
  }

  /** Reads what of the prompt is not in the cache, and samples as many tokens as `given` and the end of the turn are. */
  private async reply(
    sequence: LlamaContextSequence,
    prompt: Token[],
    given: readonly Token[],
    role: Role,
  ): Promise<number> {
    const held = sequence.contextTokens;
    let shared = 0;
    // the last token is read again, for its logits
    while (shared < prompt.length - 1 && held[shared] === prompt[shared]) shared += 1;
    if (shared < held.length) await sequence.eraseContextTokenRanges([{ start: shared, end: held.length }]);
    this.read += prompt.length - shared;
    const { temperature = 1, top_p: topP = 1, top_k: topK = 200 } = this.options.models[role].sampling;
    const steps = sequence.evaluate(prompt.slice(shared), { temperature, topP, topK, seed: 1, yieldEogToken: true });
    let written = '';
    let step = await steps.next();
    for (const token of given) {
      if (step.done) throw new Error('the bare loop stopped');
      written += this.model.detokenize([token]);
      step = await steps.next(token);
    }
    await steps.return();
    if (given.length > 0 && written === '') throw new Error('the bare loop wrote nothing');
    return given.length + 1;
  }

  async close(): Promise<void> {
    await this.model.dispose();
  }
}
