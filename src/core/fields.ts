/** A zod path as people write it: `turns[3].content`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** The known name nearest to a mistyped one, or undefined if none is near: at most a third of the letters differ. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (!best || distance < best.distance) best = { name: candidate, distance };
  }
  return best && best.distance <= Math.max(1, Math.ceil(Math.max(name.length, best.name.length) / 3))
    ? best.name
    : undefined;
}

/** What to do about a name that is not known. @param none said where there is no name at all. */
export function knownNames(name: string, known: readonly string[], none: string): string[] {
  const near = nearest(name, known);
  return [
    ...(near === undefined ? [] : [`did you mean "${near}"?`]),
    known.length > 0 ? `known: ${known.join(', ')}` : none,
  ];
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
