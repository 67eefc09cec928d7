import type { Candidate, EmbedderPort, ModelPort, SequencePort } from '../../src/backends/embedded/server/runtime.ts';

const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

/** A model whose tokens are characters, and whose replies are scripted. Records all that is evaluated. */
export class FakeModel implements ModelPort {
  readonly maxContext: number;
  readonly eos = 2;
  readonly vocabulary = 0x11_0000;
  readonly opened: { size: number; lora: string | null }[] = [];
  readonly batches: number[][] = [];
  disposed = 0;
  /** Evaluations that run now, and the most that ever ran at once. */
  running = 0;
  most = 0;
  /** What the model says after any prompt; special tokens as text. */
  reply: string;
  /** Milliseconds that a step takes. */
  stepMs = 0;

  constructor(reply: string, maxContext = 8192) {
    this.reply = reply;
    this.maxContext = maxContext;
  }

  tokenize(text: string): number[] {
    const pattern = /<\|endoftext\|>|<\|im_start\|>|<\|im_end\|>|./gsu;
    return [...text.matchAll(pattern)].map(([piece]) => {
      const special = SPECIAL.indexOf(piece);
      return special === -1 ? (piece.codePointAt(0) ?? 0) : special;
    });
  }

  text(tokens: readonly number[]): string {
    return tokens
      .filter((token) => token > 2)
      .map((token) => this.piece(token))
      .join('');
  }

  piece(token: number): string {
    return SPECIAL[token] ?? String.fromCodePoint(token);
  }

  isEnd(token: number): boolean {
    return token === 0 || token === 2;
  }

  async open(size: number, lora: string | null): Promise<SequencePort> {
    if (lora?.endsWith('broken.gguf')) throw new Error('not an adapter');
    this.opened.push({ size, lora });
    return new FakeSequence(this, size);
  }

  /** A vector counts the letters a, b and c of a text. */
  async openEmbedder(): Promise<EmbedderPort> {
    return {
      embed: async (tokens) => {
        await this.step(tokens);
        return [97, 98, 99].map((letter) => tokens.filter((token) => token === letter).length);
      },
    };
  }

  /** Records an evaluation and takes the time of one. */
  async step(tokens: readonly number[]): Promise<void> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    this.batches.push([...tokens]);
    await new Promise((resolve) => setTimeout(resolve, this.stepMs));
    this.running -= 1;
  }

  async dispose(): Promise<void> {}
}

class FakeSequence implements SequencePort {
  readonly size: number;
  private readonly model: FakeModel;
  private held: number[] = [];
  private generated = 0;

  constructor(model: FakeModel, size: number) {
    this.model = model;
    this.size = size;
  }

  async evaluate(tokens: readonly number[], want: number | null): Promise<Candidate[]> {
    await this.model.step(tokens);
    const first = this.held.length === 0;
    this.held.push(...tokens);
    if (this.held.length > this.size) throw new Error('no room');
    this.generated = tokens.length === 1 && !first ? this.generated + 1 : 0;
    if (want === null) return [];
    const script = this.model.tokenize(this.model.reply);
    const next = script[this.generated] ?? 2;
    const others = [65, 66, 67, 68].filter((id) => id !== next);
    return [{ id: next, p: 0.9 }, ...others.map((id, index) => ({ id, p: 1e-9 / (index + 1) }))];
  }

  async truncate(length: number): Promise<void> {
    if (length < this.held.length) this.generated = 0;
    this.held = this.held.slice(0, length);
  }

  async dispose(): Promise<void> {
    this.model.disposed += 1;
  }
}
