/** What an encoder tells while it works: what it is at, and vectors as they come, in whatever order. */
export type EncodeEvent =
  | { readonly type: 'step'; readonly text: string; readonly done?: number; readonly of?: number }
  /** `at`: places of texts in what was given. */
  | { readonly type: 'vectors'; readonly at: readonly number[]; readonly vectors: readonly Float32Array[] };

/** A model that gives texts vectors of one size, in which near means alike in meaning. */
export interface SentenceEncoder {
  /** What a spec calls it. */
  readonly name: string;
  /** All that decides its vectors, in words: those of another version are never taken for its own. */
  readonly version: string;
  /** For people: what it is, its licence, how much of a text it reads. */
  readonly about: string;
  /** Of its weights, in hex; null for a server's, which nobody here sees. */
  readonly sha256: string | null;
  /** A vector for each text, none of which may be empty. @throws FoilError for an encoder that cannot be had or answers wrongly. */
  embed(texts: readonly string[], signal: AbortSignal): AsyncIterable<EncodeEvent>;
}

/** Vectors of one encoder's version by text. */
export interface VectorStore {
  get(text: string): Float32Array | undefined;
  /** Durable against kill -9 when the promise resolves. Calls must not overlap. */
  append(vectors: ReadonlyMap<string, Float32Array>): Promise<void>;
  close(): Promise<void>;
}
