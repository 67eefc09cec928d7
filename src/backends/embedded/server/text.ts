/**
 * Turns tokens into text as they come: holds back a character that is not whole yet, and anything that may turn out to be the
 * start of a stop string, so that neither half a character nor a stop string is ever sent.
 */
export class TextAssembler {
  private readonly decode: (tokens: readonly number[]) => string;
  private readonly stops: readonly string[];
  private pending: number[] = [];
  private held = '';
  /** The stop string that ended the text; null if none has. */
  stoppedBy: string | null = null;

  constructor(decode: (tokens: readonly number[]) => string, stops: readonly string[]) {
    this.decode = decode;
    this.stops = stops;
  }

  /** Takes one token; returns the text that is now certain. After a stop string: nothing more. */
  push(token: number): string {
    if (this.stoppedBy !== null) return '';
    this.pending.push(token);
    const text = this.decode(this.pending);
    // a character has at most 4 bytes, so after 4 tokens a U+FFFD is really meant
    if (text.endsWith('\uFFFD') && this.pending.length < 4) return '';
    this.pending = [];
    return this.release(text, false);
  }

  /** What was held back, at the end of generation. */
  finish(): string {
    if (this.stoppedBy !== null) return '';
    const text = this.pending.length > 0 ? this.decode(this.pending) : '';
    this.pending = [];
    return this.release(text, true);
  }

  private release(text: string, last: boolean): string {
    const all = this.held + text;
    let at = -1;
    for (const stop of this.stops) {
      const found = all.indexOf(stop);
      if (found === -1 || (at !== -1 && found >= at)) continue;
      at = found;
      this.stoppedBy = stop;
    }
    if (at !== -1) {
      this.held = '';
      return all.slice(0, at);
    }
    const keep = last ? 0 : this.possibleStop(all);
    this.held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  /** Length of the longest end of `text` that begins a stop string. */
  private possibleStop(text: string): number {
    let longest = 0;
    for (const stop of this.stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
