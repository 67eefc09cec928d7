import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FoilError } from '../../core/errors.ts';
import { diskError } from '../store/disk.ts';
import { type Line, splitLines } from '../store/lines.ts';

export interface SourceFile {
  readonly file: string;
  readonly bytes: number;
}

const READABLE = /\.jsonl(?:\.gz)?$/u;

/** The files that are meant: a file as it is, of a folder all `.jsonl` and `.jsonl.gz` below it, in order of their paths. */
export async function listSources(paths: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw diskError(error, path);
      throw new FoilError('no-file', 'there is no such file or folder', {
        where: { file: path },
        remedy: 'check the path',
      });
    });
    if (!found.isDirectory()) {
      files.push({ file: path, bytes: found.size });
      continue;
    }
    const names = (await readdir(path, { recursive: true })).filter((name) => READABLE.test(name)).sort();
    if (names.length === 0) {
      throw new FoilError('no-file', 'the folder holds no .jsonl or .jsonl.gz file', {
        where: { file: path },
        remedy: 'name the file itself',
      });
    }
    for (const name of names) files.push({ file: join(path, name), bytes: (await stat(join(path, name))).size });
  }
  return files;
}

/** The lines of a file, unpacked if it ends in `.gz`. `bytesRead` counts bytes on disk, for a progress bar. */
export function openSource(file: string): { lines: AsyncGenerator<Line>; bytesRead: () => number } {
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  const gzip = file.endsWith('.gz');
  const chunks = gzip ? pipeline(stream, createGunzip(), () => undefined) : stream;
  return { bytesRead: () => stream.bytesRead, lines: lines() };

  async function* lines(): AsyncGenerator<Line> {
    try {
      yield* splitLines(chunks, file);
    } catch (error) {
      if (!gzip || error instanceof FoilError || !isZlibError(error)) throw diskError(error, file);
      throw new FoilError('bad-gzip', 'the file is cut off, or not a gzip file', {
        where: { file },
        remedy: 'get the file again; what was read before was imported, and is skipped the next time',
        cause: error,
      });
    } finally {
      stream.destroy();
    }
  }
}

function isZlibError(error: unknown): boolean {
  return /^Z_/u.test((error as NodeJS.ErrnoException).code ?? '');
}
