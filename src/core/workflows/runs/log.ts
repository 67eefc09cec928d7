import type { RunPorts } from '../../stage/ports.ts';
import { RUN_FILES } from '../../stage/run.ts';
import { safeText } from '../../text/safe.ts';
import { type RunReader, readerOf } from './read.ts';
import type { LogLine, LogPage, LogPlace } from './types.ts';

/** Bytes read at a time; a line is not longer than this: a progress bar without line feeds is cut into such pieces. */
const BLOCK = 64 * 1024;
const SEARCH_BLOCK = 1 << 20;
const LF = 10;

/** `lines` lines of a run's log before or after a place. Reads about as much as it returns, however long the log is. */
export async function logPage(
  ports: RunPorts,
  id: string,
  place: LogPlace,
  lines: number,
  signal: AbortSignal,
): Promise<LogPage> {
  return await pageOf(readerOf(ports, await ports.runs.load(id)), place, lines, signal);
}

export async function pageOf(read: RunReader, place: LogPlace, lines: number, signal: AbortSignal): Promise<LogPage> {
  if (place !== 'end' && 'after' in place) return await pageAfter(read, place.after, lines, signal);
  const { size } = await read(RUN_FILES.log, 0, 0, signal);
  const before = place === 'end' ? size : Math.min(place.before, size);
  let kept: LogLine[] = [];
  let end = before;
  let start = before;
  while (start > 0 && kept.length < lines) {
    // The byte before the block tells whether its first line starts there.
    const from = Math.max(0, start - BLOCK);
    const { bytes } = await read(RUN_FILES.log, Math.max(0, from - 1), start - Math.max(0, from - 1), signal);
    const block = from === 0 ? bytes : bytes.subarray(1);
    if (block.length === 0) break;
    const first = from === 0 || bytes[0] === LF ? 0 : block.indexOf(LF) + 1;
    // No line feed at all, or only the last one: the piece of a line that never ends.
    const skip = first === block.length ? 0 : first;
    const found = split(block.subarray(skip), from + skip);
    if (start === size && block.at(-1) !== LF) end = found.at(-1)!.at;
    kept = [...found.slice(-(lines - kept.length)), ...kept];
    start = kept[0]!.at;
  }
  return { lines: kept, start, end: Math.max(start, end), size };
}

async function pageAfter(read: RunReader, after: number, lines: number, signal: AbortSignal): Promise<LogPage> {
  const kept: LogLine[] = [];
  let end = after;
  for (;;) {
    const { bytes, size } = await read(RUN_FILES.log, end, BLOCK, signal);
    const atEnd = end + bytes.length >= size;
    const last = bytes.lastIndexOf(LF) + 1;
    const whole = last > 0 || atEnd ? last : bytes.length;
    const found = split(bytes.subarray(0, atEnd ? bytes.length : whole), end).slice(0, lines - kept.length);
    kept.push(...found);
    const full = kept.length >= lines;
    end = full ? Math.min(endOf(found, bytes, end), end + whole) : end + whole;
    if (full || atEnd || bytes.length === 0) return { lines: kept, start: after, end, size };
  }
}

/** Where the line after the last of `found` starts. */
function endOf(found: readonly LogLine[], bytes: Uint8Array, offset: number): number {
  const last = found.at(-1);
  if (!last) return offset;
  const feed = bytes.indexOf(LF, last.at - offset);
  return offset + (feed === -1 ? bytes.length : feed + 1);
}

function split(bytes: Uint8Array, offset: number): LogLine[] {
  const lines: LogLine[] = [];
  let from = 0;
  while (from < bytes.length) {
    const feed = bytes.indexOf(LF, from);
    const to = feed === -1 ? bytes.length : feed;
    lines.push({ at: offset + from, text: shown(bytes.subarray(from, to)) });
    from = to + 1;
  }
  return lines;
}

/** A line as a terminal would have left it: what a carriage return wrote over is gone, and nothing in it is obeyed. */
function shown(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).replace(/\r+$/u, '');
  return safeText(text.slice(text.lastIndexOf('\r') + 1)).replaceAll('\n', ' ');
}

/**
 * The place of the next line that has `text` in it, whatever its case: of the first one from `from` on, or of the last one
 * before it. Null if there is none.
 */
export async function searchLog(
  ports: RunPorts,
  id: string,
  text: string,
  from: number,
  direction: 'forward' | 'back',
  signal: AbortSignal,
): Promise<number | null> {
  if (text === '') return null;
  const read = readerOf(ports, await ports.runs.load(id));
  const { size } = await read(RUN_FILES.log, 0, 0, signal);
  const needle = text.toLowerCase();
  // Blocks overlap by what a match across two of them needs: a letter has at most 4 bytes.
  const overlap = text.length * 4;
  if (direction === 'forward') {
    for (let at = from; at < size; at += SEARCH_BLOCK) {
      signal.throwIfAborted();
      const { bytes } = await read(RUN_FILES.log, at, SEARCH_BLOCK + overlap, signal);
      const hit = find(bytes, needle, 'first');
      if (hit !== null) return await lineStart(read, at + hit, signal);
    }
    return null;
  }
  for (let end = Math.min(from, size); end > 0; end -= SEARCH_BLOCK) {
    signal.throwIfAborted();
    const at = Math.max(0, end - SEARCH_BLOCK);
    const { bytes } = await read(RUN_FILES.log, at, Math.min(end + overlap, from) - at, signal);
    const hit = find(bytes, needle, 'last');
    if (hit !== null) return await lineStart(read, at + hit, signal);
  }
  return null;
}

/** Offset in bytes of a match; the case of ASCII letters does not count. One character a byte, so that places are bytes. */
function find(bytes: Uint8Array, needle: string, which: 'first' | 'last'): number | null {
  const hay = oneByte(bytes);
  const folded = hay.toLowerCase();
  const wanted = oneByte(new TextEncoder().encode(needle));
  const search = wanted.toLowerCase();
  let at = which === 'first' ? folded.indexOf(search) : folded.lastIndexOf(search);
  // Bytes of other letters fold too, and then are no match.
  while (at !== -1 && foldAscii(hay.slice(at, at + wanted.length)) !== foldAscii(wanted)) {
    if (at === 0 && which === 'last') return null;
    at = which === 'first' ? folded.indexOf(search, at + 1) : folded.lastIndexOf(search, at - 1);
  }
  return at === -1 ? null : at;
}

function oneByte(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]+/gu, (letters) => letters.toLowerCase());
}

async function lineStart(read: RunReader, at: number, signal: AbortSignal): Promise<number> {
  const from = Math.max(0, at - BLOCK);
  const { bytes } = await read(RUN_FILES.log, from, at - from, signal);
  return from + bytes.lastIndexOf(LF) + 1;
}
