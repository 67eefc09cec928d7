import { createReadStream } from 'node:fs';
import { FoilError } from '../../core/errors.ts';
import { diskError } from './disk.ts';

/** One line of a file: `offset` and `raw` are exact bytes, without the line feed; `number` counts from 1. */
export interface Line {
  readonly number: number;
  readonly offset: number;
  readonly raw: Buffer;
  /** False for a last line that has no line feed (yet). */
  readonly ended: boolean;
}

/** A record above this is no session; without a bound a binary file without line feeds would fill the memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Splits bytes at line feeds. node:readline is no help here: it decodes first, and then byte offsets are lost.
 * @param start the place of the first byte: its offset in the file and the number of its line.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  file: string,
  start: { offset: number; line: number } = { offset: 0, line: 1 },
): AsyncGenerator<Line> {
  let { offset, line } = start;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      const raw = Buffer.concat([...pending, chunk.subarray(from, at)]);
      yield { number: line, offset, raw, ended: true };
      offset += raw.length + 1;
      line += 1;
      from = at + 1;
      pending = [];
      pendingBytes = 0;
    }
    pending.push(chunk.subarray(from));
    pendingBytes += chunk.length - from;
    if (pendingBytes > MAX_LINE_BYTES) {
      throw new FoilError('line-too-long', `the line is longer than ${MAX_LINE_BYTES / 1024 / 1024} MB`, {
        where: { file, line },
        remedy: 'a corpus has one JSON object on each line; check that the file is JSONL',
      });
    }
  }
  if (pendingBytes > 0) yield { number: line, offset, raw: Buffer.concat(pending), ended: false };
}

/** The lines of a file from `start` on, up to byte `end`; a missing file has none. Throws FoilError if it cannot be read. */
export async function* readLines(
  file: string,
  start: { offset: number; line: number } = { offset: 0, line: 1 },
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Line> {
  if (start.offset >= end) return;
  const stream = createReadStream(file, { start: start.offset, end: end - 1, highWaterMark: 256 * 1024 });
  try {
    yield* splitLines(stream, file, start);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw diskError(error, file);
  } finally {
    stream.destroy();
  }
}
