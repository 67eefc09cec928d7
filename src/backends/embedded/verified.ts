import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** Checksums once computed, by path; void when size or time of the file differ. Spares hashing 100 MB at every start. */
const memorySchema = z.record(z.string(), z.object({ size: z.number(), mtimeMs: z.number(), sha256: z.string() }));
type Memory = z.infer<typeof memorySchema>;

/** The file's sha256 as remembered in `dir`; null if it must be computed. */
export async function knownSha256(dir: string, file: string): Promise<string | null> {
  const info = await stat(file).catch(() => null);
  const entry = (await read(dir))[resolve(file)];
  return info && entry && entry.size === info.size && entry.mtimeMs === info.mtimeMs ? entry.sha256 : null;
}

/** Only for the holder of the weights' lock. */
export async function rememberSha256(dir: string, file: string, sha256: string): Promise<void> {
  const { size, mtimeMs } = await stat(file);
  const memory = { ...(await read(dir)), [resolve(file)]: { size, mtimeMs, sha256 } };
  const target = join(dir, 'verified.json');
  await writeFile(`${target}.partial`, `${JSON.stringify(memory, null, 1)}\n`);
  await rename(`${target}.partial`, target);
}

async function read(dir: string): Promise<Memory> {
  try {
    return memorySchema.parse(JSON.parse(await readFile(join(dir, 'verified.json'), 'utf8')));
  } catch {
    return {};
  }
}
