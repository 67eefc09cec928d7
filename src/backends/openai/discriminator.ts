import { FoilError } from '../../core/errors.ts';
import type { Discriminator } from '../../core/ports.ts';
import type { ChatMessage, DiscriminatorInput } from '../../core/prompt/messages.ts';
import type { ChatTemplate } from '../embedded/server/template.ts';
import { ask, checked, type Endpoint } from './client.ts';
import { DEFAULT_AT_ONCE } from './limiter.ts';
import { completionSchema } from './wire.ts';

export interface OpenAIDiscriminatorOptions {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly input: DiscriminatorInput;
  readonly labels: { readonly real: string; readonly simulated: string };
  readonly logitP0: number;
  readonly template: ChatTemplate;
  /** Engine and precision of the weights, kept with every score. */
  readonly engine: string;
  readonly window: number | null;
}

/**
 * How many of the likeliest tokens are asked for, in turn. Nearly always the labels are the first two; where D is very sure, the
 * other label can be rarer than other tokens, and a vLLM server (with --max-logprobs -1) or our engine gives the whole vocabulary.
 */
const ATTEMPTS = { openai: [5, 20], vllm: [5, 20, -1] } as const;

/**
 * A discriminator whose two classes are two ordinary tokens of the LM head: z = logprob(real) - logprob(simulated) after the
 * end of a user turn, in which the softmax cancels. One completions call of one token a user turn; the engine's prefix
 * cache makes each cost only its new tokens.
 */
export class OpenAIDiscriminator implements Discriminator {
  readonly name: string;
  readonly input: DiscriminatorInput;
  readonly logitP0: number;
  readonly template: string;
  readonly engine: string;
  readonly window: number | null;
  readonly atOnce: number;
  private readonly options: OpenAIDiscriminatorOptions;

  constructor(options: OpenAIDiscriminatorOptions) {
    this.options = options;
    this.name = options.name;
    this.input = options.input;
    this.logitP0 = options.logitP0;
    this.template = options.template.sha256;
    this.engine = options.engine;
    this.window = options.window;
    this.atOnce = options.endpoint.atOnce ?? DEFAULT_AT_ONCE;
  }

  async score(messages: readonly ChatMessage[], signal: AbortSignal): Promise<number> {
    // The label is read right after the end-of-turn token, so the newline that the template adds must go.
    const prompt = this.options.template.render(messages, false).replace(/\n$/u, '');
    for (const logprobs of ATTEMPTS[this.options.endpoint.dialect]) {
      const top = await this.likeliest(prompt, logprobs, signal);
      const real = lookUp(top, this.options.labels.real);
      const simulated = lookUp(top, this.options.labels.simulated);
      if (real !== null && simulated !== null) return real - simulated;
    }
    throw new FoilError('label-not-found', `${this.name}: a label is not among the likeliest tokens`, {
      remedy: [
        'is the adapter of this discriminator really loaded on that server?',
        'a discriminator must be trained with full-vocabulary cross-entropy (head: lm)',
        'on vLLM, start the server with --max-logprobs -1',
      ],
    });
  }

  private async likeliest(prompt: string, logprobs: number, signal: AbortSignal): Promise<TopLogprobs> {
    const { endpoint, model } = this.options;
    // The prompt is whole as it stands; vLLM would put a BOS token before it where the tokeniser has one.
    const dialect = endpoint.dialect === 'vllm' ? { add_special_tokens: false } : {};
    const body = { model, prompt, max_tokens: 1, temperature: 0, logprobs, ...dialect };
    return await ask(endpoint, model, signal, async (client) => {
      const { choices } = checked(completionSchema, await client.completions.create(body, { signal }), endpoint);
      return choices[0]?.logprobs?.top_logprobs?.[0] ?? {};
    });
  }
}

type TopLogprobs = Readonly<Record<string, number | null>>;

/** Servers write a token as text (" real") or as its vocabulary entry ("Ġreal"). */
function lookUp(top: TopLogprobs, label: string): number | null {
  return top[label] ?? top[label.replace(/^ /u, 'Ġ')] ?? null;
}
