/**
 * A signal that also fires when nothing has been heard for a while. The `openai` package's own timeout ends when a reply
 * begins: a server that hangs in mid-reply would be waited for without end.
 */
export class SilenceWatch {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly limitMs: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(signal: AbortSignal, limitMs: number) {
    this.limitMs = limitMs;
    this.signal = AbortSignal.any([signal, this.controller.signal]);
  }

  /** Whether the silence was too long. */
  get fired(): boolean {
    return this.controller.signal.aborted;
  }

  /** Something was heard: the wait begins again. */
  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(), this.limitMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
