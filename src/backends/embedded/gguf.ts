import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { FoilError } from '../../core/errors.ts';
import { type GgufHeader, type GgufTensor, readGgufHeader, TYPE, writeGgufHeader } from './gguf-header.ts';

/**
 * Writes a quantised GGUF back as F16 (matrices) and F32 (vectors). Discriminators need it: on the quantised weights their
 * log-odds are off by a whole reward. No value is lost beyond F16's rounding; all metadata stays as it is.
 */

/** Bytes of the new file written so far, and its final size. */
export interface ConversionProgress {
  readonly done: number;
  readonly total: number;
}

/** Elements a block holds, its bytes, and how to unpack `count` blocks into `to`. */
interface BlockFormat {
  readonly elements: number;
  readonly bytes: number;
  unpack(from: Buffer, count: number, to: Float32Array): void;
}

const FORMATS = new Map<number, BlockFormat>([
  [TYPE.f32, { elements: 1, bytes: 4, unpack: unpackF32 }],
  [TYPE.f16, { elements: 1, bytes: 2, unpack: unpackF16 }],
  [TYPE.q4_1, { elements: 32, bytes: 20, unpack: unpackQ41 }],
  [TYPE.q8_0, { elements: 32, bytes: 34, unpack: unpackQ80 }],
]);

/** Elements converted at a time: memory stays at a few MB whatever the model. */
const CHUNK = 32 * 16_384;

/** Size in bytes that `writeF16` would give the file. */
export async function f16Size(source: string): Promise<number> {
  const header = await readGgufHeader(source);
  return layOut(header).total;
}

/**
 * Converts `source` into `target`, which appears only when it is whole: it is written under a temporary name, synced and
 * renamed. Memory use is constant.
 * @throws FoilError if the source is no GGUF or has a tensor type other than F32, F16, Q4_1, Q8_0; the signal's reason.
 */
export async function* writeF16(
  source: string,
  target: string,
  signal?: AbortSignal,
): AsyncGenerator<ConversionProgress, void, undefined> {
  const header = await readGgufHeader(source);
  const { tensors, total, start } = layOut(header);
  const temporary = `${target}.partial`;
  const input = await open(source, 'r');
  const output = await open(temporary, 'w');
  try {
    let done = await writeAll(output, writeGgufHeader(header, tensors, start));
    for (const [index, tensor] of header.tensors.entries()) {
      const placed = tensors[index];
      if (!placed) break;
      for await (const bytes of convertTensor(input, header, tensor, placed.type)) {
        signal?.throwIfAborted();
        done += await writeAll(output, bytes);
        yield { done, total };
      }
      done += await writeAll(output, Buffer.alloc(pad(done, header.alignment)));
    }
    await output.sync();
    await output.close();
    await rename(temporary, target);
    yield { done, total };
  } catch (error) {
    await output.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await input.close();
  }
}

/** New types and offsets; `start`: where tensor data begins, `total`: size of the file. */
function layOut(header: GgufHeader): { tensors: GgufTensor[]; start: number; total: number } {
  let offset = 0;
  const tensors = header.tensors.map((tensor) => {
    if (!FORMATS.has(tensor.type)) {
      throw new FoilError(
        'unknown-quantisation',
        `tensor ${tensor.name} has type ${tensor.type}, which cannot be written as F16`,
        {
          where: { file: header.file },
          remedy: 'use a GGUF of types F32, F16, Q4_1 or Q8_0',
        },
      );
    }
    const type = tensor.dims.length > 1 ? TYPE.f16 : TYPE.f32;
    const placed = { ...tensor, type, offset };
    const bytes = tensor.elements * (type === TYPE.f16 ? 2 : 4);
    offset += bytes + pad(bytes, header.alignment);
    return placed;
  });
  const length = writeGgufHeader(header, tensors, 0).length;
  const start = length + pad(length, header.alignment);
  return { tensors, start, total: start + offset };
}

async function* convertTensor(
  input: FileHandle,
  header: GgufHeader,
  tensor: GgufTensor,
  type: number,
): AsyncGenerator<Buffer, void, undefined> {
  const format = FORMATS.get(tensor.type);
  if (!format) return;
  const buffer = Buffer.alloc((CHUNK / format.elements) * format.bytes);
  const floats = new Float32Array(CHUNK);
  for (let at = 0; at < tensor.elements; at += CHUNK) {
    const elements = Math.min(CHUNK, tensor.elements - at);
    const blocks = elements / format.elements;
    const position = header.dataStart + tensor.offset + (at / format.elements) * format.bytes;
    const bytes = buffer.subarray(0, blocks * format.bytes);
    const { bytesRead } = await input.read(bytes, 0, bytes.length, position);
    if (bytesRead < bytes.length) {
      throw new FoilError('not-gguf', `the file ends inside tensor ${tensor.name}`, {
        where: { file: header.file },
        remedy: 'fetch the weights again: `foil setup`',
      });
    }
    format.unpack(bytes, blocks, floats);
    const part = floats.subarray(0, elements);
    const out = type === TYPE.f16 ? new Float16Array(part) : part.slice();
    yield Buffer.from(out.buffer, out.byteOffset, out.byteLength);
  }
}

function unpackF32(from: Buffer, count: number, to: Float32Array): void {
  for (let index = 0; index < count; index += 1) to[index] = from.readFloatLE(index * 4);
}

function unpackF16(from: Buffer, count: number, to: Float32Array): void {
  for (let index = 0; index < count; index += 1) to[index] = half(from.readUInt16LE(index * 2));
}

/** A block: scale d, minimum m, 16 bytes with two 4-bit numbers each; the low halves come first. */
function unpackQ41(from: Buffer, count: number, to: Float32Array): void {
  for (let block = 0; block < count; block += 1) {
    const at = block * 20;
    const scale = half(from.readUInt16LE(at));
    const least = half(from.readUInt16LE(at + 2));
    for (let index = 0; index < 16; index += 1) {
      const pair = from[at + 4 + index] ?? 0;
      to[block * 32 + index] = (pair & 15) * scale + least;
      to[block * 32 + index + 16] = (pair >> 4) * scale + least;
    }
  }
}

/** A block: scale d and 32 signed bytes. */
function unpackQ80(from: Buffer, count: number, to: Float32Array): void {
  for (let block = 0; block < count; block += 1) {
    const at = block * 34;
    const scale = half(from.readUInt16LE(at));
    for (let index = 0; index < 32; index += 1) to[block * 32 + index] = from.readInt8(at + 2 + index) * scale;
  }
}

/** Bits of a half-precision float to its value. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function pad(length: number, alignment: number): number {
  return (alignment - (length % alignment)) % alignment;
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<number> {
  await file.writeFile(bytes);
  return bytes.length;
}
