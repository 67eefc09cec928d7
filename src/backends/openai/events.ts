/** The data of server-sent events, as their text comes in pieces (WHATWG HTML 9.2.6: fields other than `data` are left out). */
export class EventReader {
  private rest = '';
  private data: string | null = null;
  private readonly take: (data: string) => void;

  constructor(take: (data: string) => void) {
    this.take = take;
  }

  push(text: string): void {
    const all = this.rest === '' ? text : this.rest + text;
    let from = 0;
    for (let at = all.indexOf('\n'); at !== -1; at = all.indexOf('\n', from)) {
      const end = at > from && all.charCodeAt(at - 1) === 13 ? at - 1 : at;
      this.line(all, from, end);
      from = at + 1;
    }
    this.rest = all.slice(from);
  }

  /** The last event needs no blank line: some servers leave it out. */
  finish(): void {
    if (this.rest !== '') this.line(this.rest, 0, this.rest.length);
    this.rest = '';
    this.dispatch();
  }

  private line(all: string, from: number, end: number): void {
    if (from === end) this.dispatch();
    else if (all.startsWith('data:', from)) {
      const text = all.slice(all.charCodeAt(from + 5) === 32 ? from + 6 : from + 5, end);
      this.data = this.data === null ? text : `${this.data}\n${text}`;
    }
  }

  private dispatch(): void {
    const { data } = this;
    if (data === null) return;
    this.data = null;
    this.take(data);
  }
}
