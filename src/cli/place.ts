/** `CORPUS/ID`; an id alone is one of a live session. */
export function place(text: string): [corpus: string, id: string] {
  const at = text.indexOf('/');
  return at === -1 ? ['live', text] : [text.slice(0, at), text.slice(at + 1)];
}
