/**
 * Takes a marker out of text that streams in: holds back whatever may turn out to be its beginning, so that no part of it is
 * ever shown. What comes after the marker is dropped.
 */
export class MarkerFilter {
  /** Whether the marker has come. */
  found = false;
  private readonly marker: string;
  private held = '';

  constructor(marker: string) {
    this.marker = marker;
  }

  /** The text that is now certain to be no part of the marker. */
  push(text: string): string {
    if (this.found) return '';
    const all = this.held + text;
    const at = all.indexOf(this.marker);
    if (at !== -1) {
      this.found = true;
      this.held = '';
      return all.slice(0, at);
    }
    let length = Math.min(this.marker.length - 1, all.length);
    while (length > 0 && !all.endsWith(this.marker.slice(0, length))) length -= 1;
    this.held = all.slice(all.length - length);
    return all.slice(0, all.length - length);
  }

  /** What was held back, when the text is over. */
  finish(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }
}
