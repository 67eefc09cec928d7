import { z } from 'zod';
import type { ChatModel, GenerateEvent, GenerateRequest } from '../../ports.ts';
import type { ChatMessage } from '../../prompt/messages.ts';
import { samplingSchema } from '../../session/schema.ts';
import { deriveSeed, unit } from '../seed.ts';

const share = z.number().gt(0).max(1);

/**
 * In which known way a configuration is worse than its model: by what it sees of the session, or by what becomes of its
 * reply. Its words are the model's own in every case.
 */
export const faultsSchema = z.strictObject({
  /**
   * What it sees of the session: the `last` message only; its `own` messages, with `...` where the user spoke; only the
   * user's `first` message; or everything up to one exchange `before` the last, so that it answers late.
   */
  sees: z.enum(['last', 'own', 'first', 'before']).optional(),
  /** It sees only so many of the newest messages. */
  window: z.number().int().min(1).optional(),
  /** Each exchange before the last message is lost on it with this probability, drawn anew at each reply. */
  forgets: share.optional(),
  /** With this probability it sends its previous reply again instead of a new one. */
  repeats: share.optional(),
  /** With this probability it sends the user's last message back. */
  parrots: share.optional(),
  /** So many replies, each sampled with another seed, joined into one. */
  joins: z.number().int().min(2).max(8).optional(),
  /** Its reply is cut after so many sentences. */
  sentences: z.number().int().min(1).optional(),
});
export type Faults = z.output<typeof faultsSchema>;

/** A chatbot configuration (paper 4.2: model, adapter, prompt, sampling), and how it is broken. */
export const chatbotSchema = z.strictObject({
  /** A chatbot of the model registry. */
  model: z.string().min(1),
  /** One line for people. */
  about: z.string().min(1).optional(),
  /** Instead of the model's own system text; null for none. */
  system: z.string().min(1).nullable().optional(),
  /** Over the model's own sampling. */
  sampling: samplingSchema.default({}),
  broken: faultsSchema.optional(),
});
export type ChatbotConfig = z.output<typeof chatbotSchema>;

/** Whether a configuration is its model as it stands. */
export function isPlain({ system, sampling, broken }: ChatbotConfig): boolean {
  return system === undefined && Object.keys(sampling).length === 0 && broken === undefined;
}

/** The model as the configuration has it, under the configuration's name. */
export function configured(name: string, config: ChatbotConfig, model: ChatModel): ChatModel {
  return new ConfiguredChatbot(name, config, model);
}

class ConfiguredChatbot implements ChatModel {
  readonly name: string;
  readonly sampling: ChatModel['sampling'];
  readonly system: string | null;
  readonly flip = false;
  readonly window: number | null;
  readonly price: NonNullable<ChatModel['price']> | null;
  readonly place?: NonNullable<ChatModel['place']>;
  private readonly faults: Faults;
  private readonly model: ChatModel;

  constructor(name: string, { system, sampling, broken }: ChatbotConfig, model: ChatModel) {
    this.name = name;
    this.model = model;
    this.faults = broken ?? {};
    this.sampling = { ...model.sampling, ...sampling };
    this.system = system === undefined ? model.system : system;
    this.window = model.window;
    this.price = model.price ?? null;
    if (model.place) this.place = model.place;
  }

  countTokens(texts: readonly string[], signal: AbortSignal): Promise<number[]> | null {
    return this.model.countTokens(texts, signal);
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
    const { joins, sentences, repeats, parrots, forgets } = this.faults;
    if (!(joins ?? sentences ?? repeats ?? parrots ?? forgets)) {
      yield* this.model.generate({ ...request, messages: seen(request.messages, this.faults, request.seed) }, signal);
      return;
    }
    for (let index = 0; index < request.n; index += 1) {
      const one = await this.reply(request, request.seed + index, signal);
      if (one.text !== '' && !request.whole) yield { type: 'delta', index, text: one.text };
      yield { type: 'choice', index, end: false, ...one };
    }
  }

  private async reply(
    request: GenerateRequest,
    seed: number,
    signal: AbortSignal,
  ): Promise<{ text: string; cut: boolean }> {
    const { joins = 1, sentences, repeats = 0, parrots = 0 } = this.faults;
    const own = request.messages.findLast(({ role }) => role === 'assistant');
    if (own && unit(deriveSeed(seed, DRAW.repeat)) < repeats) return { text: own.content, cut: false };
    const user = request.messages.findLast(({ role }) => role === 'user');
    if (user && unit(deriveSeed(seed, DRAW.parrot)) < parrots) return { text: user.content, cut: false };
    const messages = seen(request.messages, this.faults, seed);
    const asked = {
      ...request,
      messages,
      n: joins,
      seed: joins === 1 ? seed : deriveSeed(seed, DRAW.join),
      whole: true,
    };
    const texts: string[] = [];
    let cut = false;
    for await (const event of this.model.generate(asked, signal)) {
      if (event.type !== 'choice') continue;
      if (event.text.trim() !== '') texts.push(event.text.trim());
      cut = event.cut;
    }
    const text = texts.join(' ');
    return sentences === undefined ? { text, cut } : { text: firstSentences(text, sentences), cut: false };
  }
}

/** What each draw is for, so that one says nothing about another. */
const DRAW = { repeat: 101, parrot: 102, join: 103, forget: 104 } as const;

/** What stands where a user spoke to a chatbot that does not listen: roles still alternate, as most templates want. */
const UNHEARD = '...';

/** The part of a prompt that a configuration sees. The system text always stays, and so does the last message of `window` and `forgets`. */
export function seen(messages: readonly ChatMessage[], faults: Faults, seed: number): readonly ChatMessage[] {
  const system = messages.filter(({ role }) => role === 'system');
  let turns = messages.filter(({ role }) => role !== 'system');
  if (faults.sees === 'last') turns = turns.slice(-1);
  if (faults.sees === 'own') {
    turns = turns.map((turn) => (turn.role === 'user' ? { ...turn, content: UNHEARD } : turn));
  }
  if (faults.sees === 'first') turns = turns.filter(({ role }) => role === 'user').slice(0, 1);
  if (faults.sees === 'before' && turns.length > 2) turns = turns.slice(0, -2);
  if (faults.window !== undefined) turns = turns.slice(-faults.window);
  const { forgets } = faults;
  if (forgets !== undefined) {
    // In pairs from the end, so that roles still alternate.
    const last = turns.length - 1;
    const lost = (index: number) => unit(deriveSeed(seed, DRAW.forget, (last - 1 - index) >> 1)) < forgets;
    turns = turns.filter((_, index) => index === last || !lost(index));
  }
  return [...system, ...turns];
}

const sentencesOf = new Intl.Segmenter('en', { granularity: 'sentence' });

function firstSentences(text: string, count: number): string {
  return [...sentencesOf.segment(text)]
    .slice(0, count)
    .map(({ segment }) => segment)
    .join('')
    .trim();
}
