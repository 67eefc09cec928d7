/** Builds small GGUF files for tests. */

type Value = { type: number; bytes: Buffer };

const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
};
const u64 = (value: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
};
export const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

export const value = {
  u32: (number: number): Value => ({ type: 4, bytes: u32(number) }),
  text: (string: string): Value => ({ type: 8, bytes: text(string) }),
  texts: (list: string[]): Value => ({ type: 9, bytes: Buffer.concat([u32(8), u64(list.length), ...list.map(text)]) }),
  bools: (list: boolean[]): Value => ({
    type: 9,
    bytes: Buffer.concat([u32(7), u64(list.length), Buffer.from(list.map(Number))]),
  }),
};

export interface TestTensor {
  name: string;
  dims: number[];
  type: number;
  data: Buffer;
}

/** A GGUF v3 file with alignment 32. */
export function ggufFile(metadata: Record<string, Value>, tensors: TestTensor[]): Buffer {
  const pad = (length: number): Buffer => Buffer.alloc((32 - (length % 32)) % 32);
  const head = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(Object.keys(metadata).length)];
  for (const [key, { type, bytes }] of Object.entries(metadata)) head.push(text(key), u32(type), bytes);
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    head.push(text(tensor.name), u32(tensor.dims.length), ...tensor.dims.map(u64), u32(tensor.type), u64(offset));
    const padding = pad(tensor.data.length);
    data.push(tensor.data, padding);
    offset += tensor.data.length + padding.length;
  }
  const header = Buffer.concat(head);
  return Buffer.concat([header, pad(header.length), ...data]);
}

/** Q4_1 blocks: scale and minimum as half floats, then 32 four-bit numbers. */
export function q41(blocks: { scale: number; min: number; numbers: number[] }[]): Buffer {
  return Buffer.concat(
    blocks.map(({ scale, min, numbers }) => {
      const halves = Buffer.from(new Float16Array([scale, min]).buffer);
      const pairs = Array.from({ length: 16 }, (_, index) => (numbers[index] ?? 0) | ((numbers[index + 16] ?? 0) << 4));
      return Buffer.concat([halves, Buffer.from(pairs)]);
    }),
  );
}

/** Q8_0 blocks: a half-float scale and 32 signed bytes. */
export function q80(blocks: { scale: number; numbers: number[] }[]): Buffer {
  return Buffer.concat(
    blocks.map(({ scale, numbers }) =>
      Buffer.concat([Buffer.from(new Float16Array([scale]).buffer), Buffer.from(new Int8Array(numbers).buffer)]),
    ),
  );
}
