import type { ChatModel, Clock, Retry, Usage } from '../../ports.ts';
import type { Budget, StopReason, Summary } from './types.ts';

/** Where the server does not count: English text in a byte-pair vocabulary. */
const CHARACTERS_A_TOKEN = 4;

/** Characters of a request, to estimate its tokens by. */
interface Size {
  readonly prompt: number;
  readonly reply: number;
}

type Priced = Pick<ChatModel, 'price'>;

/** What a run has taken so far, against its budget. Tokens that a broken stream cost are counted as its prompt. */
export class Meter {
  private readonly budget: Budget;
  private readonly clock: Clock;
  private readonly begun: number;
  private readonly used = { prompt: 0, completion: 0, estimated: false };
  private spent = 0;
  private priced = false;
  private readonly retried = new Map<string, number>();

  constructor(budget: Budget, clock: Clock) {
    this.budget = budget;
    this.clock = clock;
    this.begun = clock.now().getTime();
  }

  /** Whether the servers must be asked to count. */
  get exact(): boolean {
    return this.budget.tokens !== undefined || this.budget.money !== undefined;
  }

  get seconds(): number {
    return (this.clock.now().getTime() - this.begun) / 1000;
  }

  get tokens(): Summary['tokens'] {
    return { ...this.used };
  }

  get money(): number | null {
    return this.priced ? this.spent : null;
  }

  get retries(): Record<string, number> {
    return Object.fromEntries(this.retried);
  }

  /** The part of the budget that is used up. */
  get exhausted(): StopReason | null {
    const { tokens, money, seconds } = this.budget;
    if (tokens !== undefined && this.used.prompt + this.used.completion >= tokens) return 'tokens';
    if (money !== undefined && this.spent >= money) return 'money';
    if (seconds !== undefined && this.seconds >= seconds) return 'seconds';
    return null;
  }

  /** One request of a model: `usage` is the server's count, null where it gave none. */
  count(model: Priced, usage: Usage | null, size: Size): void {
    const { prompt, completion } = usage ?? { prompt: estimate(size.prompt), completion: estimate(size.reply) };
    if (!usage) this.used.estimated = true;
    this.used.prompt += prompt;
    this.used.completion += completion;
    if (!model.price) return;
    this.priced = true;
    this.spent += (prompt * model.price.input + completion * model.price.output) / 1e6;
  }

  retry(model: Priced, retry: Retry, prompt: number): void {
    this.retried.set(retry.code, (this.retried.get(retry.code) ?? 0) + 1);
    if (retry.begun) this.count(model, null, { prompt, reply: 0 });
  }
}

function estimate(characters: number): number {
  return Math.ceil(characters / CHARACTERS_A_TOKEN);
}
