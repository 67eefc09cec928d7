import {
  getLlama,
  type Llama,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp';
import { type Candidate, EMBEDDING_TOKENS, type EmbedderPort, type ModelPort, type SequencePort } from './runtime.ts';
import { MAX_SEGMENT } from './segments.ts';
import type { ThreadGovernor } from './threads.ts';

/** node-llama-cpp as the engine sees it; all models share one thread governor. */
export class LlamaRuntime {
  private readonly llama: Llama;
  private readonly governor: ThreadGovernor;

  private constructor(llama: Llama, governor: ThreadGovernor) {
    this.llama = llama;
    this.governor = governor;
  }

  /** Loads llama.cpp's prebuilt CPU build; never compiles or fetches one. */
  static async start(governor: ThreadGovernor): Promise<LlamaRuntime> {
    const llama = await getLlama({
      build: 'never',
      gpu: false,
      logLevel: LlamaLogLevel.warn,
      maxThreads: governor.most,
    });
    return new LlamaRuntime(llama, governor);
  }

  async load(file: string): Promise<ModelPort> {
    const model = await this.llama.loadModel({
      modelPath: file,
      // with flash attention the number of threads changes the last bits; without it, it doesn't
      defaultContextFlashAttention: false,
    });
    return new LlamaModelPort(this.llama, model, this.governor);
  }
}

class LlamaModelPort implements ModelPort {
  readonly maxContext: number;
  readonly eos: number;
  readonly vocabulary: number;
  private readonly llama: Llama;
  private readonly model: LlamaModel;
  private readonly governor: ThreadGovernor;

  constructor(llama: Llama, model: LlamaModel, governor: ThreadGovernor) {
    this.llama = llama;
    this.model = model;
    this.governor = governor;
    this.maxContext = model.trainContextSize;
    this.eos = model.tokens.eos ?? -1;
    this.vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  }

  tokenize(text: string): number[] {
    return this.model.tokenize(text, true);
  }

  text(tokens: readonly number[]): string {
    return this.model.detokenize(tokens as Token[], false);
  }

  piece(token: number): string {
    return this.model.detokenize([token as Token], true);
  }

  isEnd(token: number): boolean {
    return this.model.isEogToken(token as Token);
  }

  async open(size: number, lora: string | null): Promise<SequencePort> {
    // a context takes its thread count when it is made, and can only lower it later
    this.llama.maxThreads = this.governor.most;
    const context = await this.model.createContext({
      contextSize: size,
      sequences: 1,
      batchSize: MAX_SEGMENT,
      threads: this.governor.most,
      failedCreationRemedy: false,
      ...(lora === null ? {} : { lora }),
    });
    return new LlamaSequence(this.llama, context.getSequence(), this.governor, size);
  }

  async openEmbedder(): Promise<EmbedderPort> {
    this.llama.maxThreads = this.governor.most;
    const context = await this.model.createEmbeddingContext({
      // node-llama-cpp wants one more than the input has
      contextSize: EMBEDDING_TOKENS + 1,
      batchSize: MAX_SEGMENT,
      threads: this.governor.most,
    });
    return {
      embed: (tokens) =>
        governed(this.llama, this.governor, tokens.length, async () => {
          const { vector } = await context.getEmbeddingFor([...tokens] as Token[]);
          return vector;
        }),
    };
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}

/** Runs a step with as many threads as the governor chooses, and tells it how long that took. */
async function governed<T>(llama: Llama, governor: ThreadGovernor, tokens: number, step: () => Promise<T>): Promise<T> {
  const threads = governor.choose(tokens);
  // node-llama-cpp divides maxThreads among contexts used within the last tick; ours never run at once, so the factor undoes it
  llama.maxThreads = threads === 1 ? 1 : threads * 64;
  const started = performance.now();
  const result = await step();
  governor.record(threads, tokens, performance.now() - started);
  return result;
}

type Loop = ReturnType<typeof LlamaContextSequence.prototype.evaluateWithMetadata<{ probabilities: true }>>;

class LlamaSequence implements SequencePort {
  readonly size: number;
  private readonly llama: Llama;
  private readonly sequence: LlamaContextSequence;
  private readonly loops = new Map<number, Loop>();
  private readonly governor: ThreadGovernor;

  constructor(llama: Llama, sequence: LlamaContextSequence, governor: ThreadGovernor, size: number) {
    this.llama = llama;
    this.sequence = sequence;
    this.governor = governor;
    this.size = size;
  }

  evaluate(tokens: readonly number[], want: number | null): Promise<Candidate[]> {
    return governed(this.llama, this.governor, tokens.length, () => this.step(tokens as Token[], want));
  }

  private async step(tokens: Token[], want: number | null): Promise<Candidate[]> {
    if (want === null || tokens.length === 0) {
      await this.sequence.evaluateWithoutGeneratingNewTokens(tokens);
      return [];
    }
    // One endless loop for each kind of question, fed with our tokens instead of its own: it keeps its sampler, whose making
    // (600 kB, fresh from the system) would cost each token a tenth of its time.
    const kept = this.loops.get(want);
    const loop = kept ?? this.startLoop(tokens, want);
    const { value } = await (kept ? kept.next(tokens) : loop.next()).catch((error: unknown) => {
      this.loops.delete(want);
      throw error;
    });
    if (!value?.probabilities) throw new Error('llama.cpp gave no probabilities');
    return Array.from(value.probabilities, ([id, p]) => ({ id, p }));
  }

  private startLoop(tokens: Token[], want: number): Loop {
    // Greedy cuts nothing off, so it gives the whole vocabulary; top-k at temperature 1 gives plain probabilities of k tokens.
    const sampler = want === 0 ? { temperature: 0 } : { temperature: 1, topK: want, topP: 1, minP: 0, seed: 0 };
    const loop = this.sequence.evaluateWithMetadata(
      tokens,
      { probabilities: true },
      { ...sampler, yieldEogToken: true },
    );
    this.loops.set(want, loop);
    return loop;
  }

  async truncate(length: number): Promise<void> {
    const end = this.sequence.nextTokenIndex;
    if (length < end) await this.sequence.eraseContextTokenRanges([{ start: length, end }]);
  }

  async dispose(): Promise<void> {
    for (const loop of this.loops.values()) await loop.return();
    await this.sequence.context.dispose();
  }
}
