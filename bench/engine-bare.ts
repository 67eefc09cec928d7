import { getLlama, type LlamaContextSequence, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';

/** node-llama-cpp as one would use it without an engine: the other side of the `reply` ratio. */
export class BareLoop {
  /** Threads that it decodes with. */
  readonly threads: number;
  private readonly model: LlamaModel;
  private readonly sequence: LlamaContextSequence;

  private constructor(model: LlamaModel, sequence: LlamaContextSequence) {
    this.threads = sequence.context.idealThreads;
    this.model = model;
    this.sequence = sequence;
  }

  static async start(file: string, threads: number): Promise<BareLoop> {
    const llama = await getLlama({ build: 'never', gpu: false, logLevel: LlamaLogLevel.error, maxThreads: threads });
    const model = await llama.loadModel({ modelPath: file });
    const context = await model.createContext({ contextSize: 2048, threads });
    return new BareLoop(model, context.getSequence());
  }

  /** Reads the prompt and samples `count` tokens, but goes on with those of `text`, so that both sides evaluate the same. */
  async reply(prompt: string, text: string, count: number): Promise<{ first: number; total: number }> {
    await this.sequence.clearHistory();
    const given = this.model.tokenize(text, true);
    const started = performance.now();
    const tokens = this.model.tokenize(prompt, true);
    const steps = this.sequence.evaluate(tokens, { temperature: 1, topK: 200, topP: 1, seed: 1, yieldEogToken: true });
    let first = 0;
    let written = '';
    let step = await steps.next();
    for (let index = 0; index < count && !step.done; index += 1) {
      const token: Token = given[index] ?? step.value;
      written += this.model.detokenize([token]);
      if (index === 0) first = performance.now() - started;
      if (index + 1 < count) step = await steps.next(token);
    }
    const total = performance.now() - started;
    await steps.return();
    if (text !== '' && written === '') throw new Error('the bare loop wrote nothing');
    return { first, total };
  }

  async close(): Promise<void> {
    await this.model.dispose();
  }
}
