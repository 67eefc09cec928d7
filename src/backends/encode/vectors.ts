import { endianness } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import type { SentenceEncoder, VectorStore } from '../../core/evaluate/language/encoder.ts';
import { sha256 } from '../annotate/store.ts';
import { checkName } from '../store/disk.ts';
import { Journal } from '../store/pair-journal.ts';

/** A batch as one line: by sha256 of the encoder's version and the text, base64 of little-endian 32-bit floats. */
const recordSchema = z.object({ schema: z.literal(1), vectors: z.record(z.string(), z.base64()) });

/**
 * Vectors of an encoder in `DIR/NAME.jsonl`, append-only. Processes may write at the same time: a line is one write, and of two
 * vectors with the same key the later one counts.
 * @param onProblem is told of a line whose write was interrupted; its texts are embedded again.
 */
export async function openVectors(
  dir: string,
  { name, version }: Pick<SentenceEncoder, 'name' | 'version'>,
  onProblem: (problem: FoilError) => void,
): Promise<VectorStore> {
  // names of servers and models have slashes, and between them there is a colon
  const file = name.replaceAll(/[/:]/gu, '.');
  checkName(file, 'encoder');
  const keyOf = (text: string) => sha256(JSON.stringify([version, text]));
  const known = new Map<string, Float32Array>();
  const journal = new Journal(
    join(dir, `${file}.jsonl`),
    recordSchema,
    ({ vectors }) => {
      for (const [key, packed] of Object.entries(vectors)) known.set(key, unpackVector(packed));
    },
    onProblem,
  );
  await journal.sync();
  return {
    get: (text) => known.get(keyOf(text)),
    append(vectors) {
      const packed = [...vectors].map(([text, vector]) => [keyOf(text), packVector(vector)]);
      return journal.append({ schema: 1, vectors: Object.fromEntries(packed) });
    },
    close: () => journal.close(),
  };
}

export function packVector(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString('base64');
}

/** @throws FoilError `bad-vector` for what is no row of 32-bit floats. */
export function unpackVector(packed: string): Float32Array {
  const bytes = Buffer.from(packed, 'base64');
  if (bytes.length === 0 || bytes.length % 4 !== 0) {
    throw new FoilError('bad-vector', `a vector has ${bytes.length} bytes, which are no 32-bit floats`, {
      remedy: 'take the file away: what it held is embedded again',
    });
  }
  if (endianness() === 'LE') return new Float32Array(Uint8Array.from(bytes).buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}
