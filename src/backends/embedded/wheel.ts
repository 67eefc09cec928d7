import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { FoilError } from '../../core/errors.ts';

/** Zip's end record: 22 bytes and a comment of at most 64 kB. */
const END_BYTES = 22 + 65_535;

interface Entry {
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly headerAt: number;
}

/**
 * Writes the one file called `name`, in whatever folder of the wheel (a zip) it stands, to `target`, synced. Yields the bytes
 * written so far.
 * @throws FoilError `bad-wheel` if there is no such entry or the zip is damaged.
 */
export async function* unpackEntry(
  wheel: string,
  name: string,
  target: string,
  signal: AbortSignal,
): AsyncGenerator<number, void, undefined> {
  const { entry, dataAt } = await locate(wheel, name);
  const packed = createReadStream(wheel, {
    start: dataAt,
    end: dataAt + entry.packed - 1,
    highWaterMark: 1 << 20,
    signal,
  });
  const source = entry.method === 0 ? packed : packed.pipe(createInflateRaw({ chunkSize: 1 << 20 }));
  if (source !== packed) packed.on('error', (error) => source.destroy(error));
  const out = await open(target, 'w');
  let done = 0;
  try {
    for await (const chunk of source) {
      await out.writeFile(chunk as Buffer);
      done += (chunk as Buffer).length;
      yield done;
    }
    await out.sync();
  } finally {
    await out.close();
  }
  if (done !== entry.size) throw bad(wheel, `${name} has ${done} bytes, not ${entry.size}`);
}

async function locate(wheel: string, name: string): Promise<{ entry: Entry; dataAt: number }> {
  const file = await open(wheel, 'r');
  try {
    const { size } = await file.stat();
    const tail = await slice(file, Math.max(0, size - END_BYTES), Math.min(size, END_BYTES));
    const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
    if (end === -1) throw bad(wheel, 'it has no directory');
    const directory = await slice(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    const entry = find(directory, name);
    if (!entry) throw bad(wheel, `it holds no ${name}`);
    if (entry.method !== 0 && entry.method !== 8) throw bad(wheel, `${name} is packed by method ${entry.method}`);
    // name and extra field can differ in length from the directory's
    const local = await slice(file, entry.headerAt, 30);
    return { entry, dataAt: entry.headerAt + 30 + local.readUInt16LE(26) + local.readUInt16LE(28) };
  } catch (error) {
    throw error instanceof RangeError ? bad(wheel, 'its directory is torn') : error;
  } finally {
    await file.close();
  }
}

function find(directory: Buffer, name: string): Entry | null {
  for (let at = 0; at + 46 <= directory.length; ) {
    const nameLength = directory.readUInt16LE(at + 28);
    const path = directory.toString('utf8', at + 46, at + 46 + nameLength);
    if (path === name || path.endsWith(`/${name}`)) {
      return {
        method: directory.readUInt16LE(at + 10),
        packed: directory.readUInt32LE(at + 20),
        size: directory.readUInt32LE(at + 24),
        headerAt: directory.readUInt32LE(at + 42),
      };
    }
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return null;
}

async function slice(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function bad(file: string, why: string): FoilError {
  return new FoilError('bad-wheel', `the fetched package cannot be unpacked: ${why}`, {
    where: { file },
    remedy: 'try again: a download can be cut short',
  });
}
