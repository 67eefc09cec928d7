import type { GenerateEvent } from '../../core/ports.ts';
import { MarkerFilter } from './marker.ts';
import type { ChunkChoice } from './wire.ts';

/**
 * How a simulated user ends a session: by a token, which the server reports as vLLM's `stop_reason`, or by a text that a
 * prompted model is told to write.
 */
export interface SessionEnd {
  readonly tokenId: number | null;
  readonly marker: string | null;
}

/** One choice of a streamed answer, as it comes. */
export class Reply {
  /** The server said why it stopped. */
  finished = false;
  private readonly end: SessionEnd;
  private readonly filter: MarkerFilter | null;
  private text = '';
  private byToken = false;
  private cut = false;

  constructor(end: SessionEnd) {
    this.end = end;
    this.filter = end.marker === null ? null : new MarkerFilter(end.marker);
  }

  /** Nothing more of what comes can matter. */
  get whole(): boolean {
    return this.finished || this.filter?.found === true;
  }

  /** Takes a part of the answer; returns the text that can be shown now. */
  take(choice: ChunkChoice): string {
    if (this.whole) return '';
    const { filter } = this;
    let text = choice.delta?.content ?? '';
    if (filter) text = filter.push(text);
    if (choice.finish_reason) {
      this.finished = true;
      this.cut = choice.finish_reason === 'length';
      this.byToken = this.end.tokenId !== null && choice.stop_reason === this.end.tokenId;
      text += filter?.finish() ?? '';
    }
    this.text += text;
    return text;
  }

  event(index: number): GenerateEvent {
    const end = this.byToken || this.filter?.found === true;
    return { type: 'choice', index, text: this.text, end, cut: this.cut && !end };
  }
}
