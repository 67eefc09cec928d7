/**
 * What the engine needs from a model library. `llama.ts` is the real one; tests script a fake. Nobody but the fair queue's
 * holder may call `evaluate` or `open`.
 */

/** A possible next token and its probability under the requested set. */
export interface Candidate {
  readonly id: number;
  readonly p: number;
}

/** One sequence in a context of its own: the tokens it holds are its KV cache. */
export interface SequencePort {
  /** Tokens that fit. */
  readonly size: number;
  /**
   * Appends `tokens` as one batch. `want` null: nothing else. `want` > 0: the likeliest `want` next tokens, their
   * probabilities normalised over those; 0: the whole vocabulary (slow: about 25 ms more). Likeliest first.
   */
  evaluate(tokens: readonly number[], want: number | null): Promise<Candidate[]>;
  /** Forgets all after the first `length` tokens. */
  truncate(length: number): Promise<void>;
  dispose(): Promise<void>;
}

/** The longest text to embed: it is read in one step of the fair queue, so all others wait for it. */
export const EMBEDDING_TOKENS = 512;

/** Makes vectors of texts, in a context of its own. */
export interface EmbedderPort {
  /** What the model holds of `tokens` (1 to EMBEDDING_TOKENS) after the last one; not normalised. */
  embed(tokens: readonly number[]): Promise<readonly number[]>;
}

export interface ModelPort {
  /** The longest sequence the model was trained for. */
  readonly maxContext: number;
  readonly eos: number;
  /** Token ids are below this. */
  readonly vocabulary: number;
  tokenize(text: string): number[];
  /** Text of the tokens, special ones left out; a cut character comes out as U+FFFD. */
  text(tokens: readonly number[]): string;
  /** Text of one token, special or not. */
  piece(token: number): string;
  /** Whether the token ends generation. */
  isEnd(token: number): boolean;
  /** A new sequence of `size` tokens, with a LoRA adapter (path of a GGUF) or none. */
  open(size: number, lora: string | null): Promise<SequencePort>;
  openEmbedder(): Promise<EmbedderPort>;
  dispose(): Promise<void>;
}
