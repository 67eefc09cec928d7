import { open } from 'node:fs/promises';
import { FoilError } from '../../core/errors.ts';

/** Tensor types of ggml that Foil reads. */
export const TYPE = { f32: 0, f16: 1, q4_1: 3, q8_0: 8 } as const;

export interface GgufTensor {
  readonly name: string;
  /** Innermost first. */
  readonly dims: readonly number[];
  readonly elements: number;
  readonly type: number;
  /** From the start of the tensor data. */
  readonly offset: number;
}

/** The part of a GGUF file before its tensor data. */
export interface GgufHeader {
  readonly file: string;
  readonly version: number;
  readonly alignment: number;
  /** The metadata as it stands in the file, with its entries' number. */
  readonly metadata: Buffer;
  readonly metadataCount: number;
  /** Where general.file_type's value stands in `metadata`; null if it has none. */
  readonly fileTypeAt: number | null;
  readonly tensors: readonly GgufTensor[];
  /** Where tensor data begins in the file. */
  readonly dataStart: number;
}

/** general.file_type of a file whose matrices are F16. */
const MOSTLY_F16 = 1;
const UINT32 = 4;
const STRING = 8;
const ARRAY = 9;
/** Bytes of a metadata value by its type; strings and arrays have their own length. */
const VALUE_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

/**
 * Reads the header of a GGUF file, version 2 or 3.
 * @throws FoilError `not-gguf` if it is none, or torn; the file system's error if it cannot be read.
 */
export async function readGgufHeader(file: string): Promise<GgufHeader> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    // vocabularies make headers of a few MB; growing beats guessing
    for (let length = 1 << 20; ; length *= 4) {
      const buffer = Buffer.alloc(Math.min(length, size));
      await handle.read(buffer, 0, buffer.length, 0);
      try {
        return parse(file, buffer);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        if (length >= size) throw notGguf(file, 'it ends inside its header');
      }
    }
  } finally {
    await handle.close();
  }
}

/** Header for the given tensors, file type F16; padded to `length` bytes unless that is 0. */
export function writeGgufHeader(header: GgufHeader, tensors: readonly GgufTensor[], length: number): Buffer {
  const first = Buffer.alloc(24);
  first.write('GGUF', 'latin1');
  first.writeUInt32LE(header.version, 4);
  first.writeBigUInt64LE(BigInt(tensors.length), 8);
  first.writeBigUInt64LE(BigInt(header.metadataCount), 16);
  const metadata = Buffer.from(header.metadata);
  if (header.fileTypeAt !== null) metadata.writeUInt32LE(MOSTLY_F16, header.fileTypeAt);
  const whole = Buffer.concat([first, metadata, ...tensors.map(tensorInfo)]);
  return length === 0 ? whole : Buffer.concat([whole, Buffer.alloc(length - whole.length)]);
}

function tensorInfo(tensor: GgufTensor): Buffer {
  const name = Buffer.from(tensor.name);
  const out = Buffer.alloc(8 + name.length + 4 + 8 * tensor.dims.length + 4 + 8);
  let at = out.writeBigUInt64LE(BigInt(name.length), 0);
  at += name.copy(out, at);
  at = out.writeUInt32LE(tensor.dims.length, at);
  for (const dim of tensor.dims) at = out.writeBigUInt64LE(BigInt(dim), at);
  at = out.writeUInt32LE(tensor.type, at);
  out.writeBigUInt64LE(BigInt(tensor.offset), at);
  return out;
}

function parse(file: string, buffer: Buffer): GgufHeader {
  if (buffer.length < 24 || buffer.toString('latin1', 0, 4) !== 'GGUF')
    throw notGguf(file, 'it does not begin with GGUF');
  const version = buffer.readUInt32LE(4);
  if (version !== 2 && version !== 3) throw notGguf(file, `it has version ${version}, not 2 or 3`);
  const cursor = new Cursor(buffer, 8);
  const tensorCount = cursor.u64();
  const metadataCount = cursor.u64();
  const metadataStart = cursor.at;
  let alignment = 32;
  let fileTypeAt: number | null = null;
  for (let index = 0; index < metadataCount; index += 1) {
    const key = cursor.string();
    const type = cursor.u32();
    if (key === 'general.alignment' && type === UINT32) alignment = buffer.readUInt32LE(cursor.at);
    if (key === 'general.file_type' && type === UINT32) fileTypeAt = cursor.at - metadataStart;
    cursor.skipValue(type);
  }
  const metadata = Buffer.from(buffer.subarray(metadataStart, cursor.at));
  const tensors = Array.from({ length: tensorCount }, () => {
    const name = cursor.string();
    const dims = Array.from({ length: cursor.u32() }, () => cursor.u64());
    const type = cursor.u32();
    const offset = cursor.u64();
    return { name, dims, elements: dims.reduce((product, dim) => product * dim, 1), type, offset };
  });
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  return { file, version, alignment, metadata, metadataCount, fileTypeAt, tensors, dataStart };
}

/** Reads on through a buffer; a RangeError means that it is too short. */
class Cursor {
  at: number;
  private readonly buffer: Buffer;

  constructor(buffer: Buffer, at: number) {
    this.buffer = buffer;
    this.at = at;
  }

  u32(): number {
    const value = this.buffer.readUInt32LE(this.at);
    this.at += 4;
    return value;
  }

  u64(): number {
    const value = this.buffer.readBigUInt64LE(this.at);
    this.at += 8;
    return Number(value);
  }

  string(): string {
    const length = this.u64();
    this.skip(length);
    return this.buffer.toString('utf8', this.at - length, this.at);
  }

  skipValue(type: number): void {
    if (type === STRING) {
      this.string();
    } else if (type === ARRAY) {
      const element = this.u32();
      const count = this.u64();
      const bytes = VALUE_BYTES[element] ?? 0;
      if (bytes > 0) this.skip(count * bytes);
      else for (let index = 0; index < count; index += 1) this.skipValue(element);
    } else {
      this.skip(VALUE_BYTES[type] ?? 0);
    }
  }

  private skip(bytes: number): void {
    this.at += bytes;
    if (this.at > this.buffer.length) throw new RangeError('beyond the buffer');
  }
}

function notGguf(file: string, why: string): FoilError {
  return new FoilError('not-gguf', `not a GGUF file: ${why}`, {
    where: { file },
    remedy: 'give the path of a GGUF model, or leave it out: Foil then fetches its own',
  });
}
