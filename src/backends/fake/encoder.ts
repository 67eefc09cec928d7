import type { EncodeEvent, SentenceEncoder, VectorStore } from '../../core/evaluate/language/encoder.ts';

/** An encoder that follows a script, text by text, the last first, and remembers what it was asked. */
export class FakeEncoder implements SentenceEncoder {
  readonly name = 'scripted';
  readonly version: string;
  readonly about = 'scripted vectors';
  readonly sha256 = null;
  readonly asked: string[] = [];
  private readonly script: (text: string) => readonly number[] | Error;

  constructor(script: (text: string) => readonly number[] | Error, version = '1') {
    this.script = script;
    this.version = version;
  }

  async *embed(texts: readonly string[]): AsyncGenerator<EncodeEvent, void> {
    yield { type: 'step', text: 'the script is found' };
    for (const [at, text] of [...texts.entries()].reverse()) {
      const vector = this.script(text);
      if (vector instanceof Error) throw vector;
      this.asked.push(text);
      yield { type: 'vectors', at: [at], vectors: [Float32Array.from(vector)] };
    }
  }
}

/** Vectors in memory. */
export class FakeVectors implements VectorStore {
  readonly known = new Map<string, Float32Array>();

  get(text: string): Float32Array | undefined {
    return this.known.get(text);
  }

  async append(vectors: ReadonlyMap<string, Float32Array>): Promise<void> {
    for (const [text, vector] of vectors) this.known.set(text, vector);
  }

  async close(): Promise<void> {}
}
