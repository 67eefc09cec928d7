import { open, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Low } from 'lowdb';
import { TextFile } from 'lowdb/node';
import { FoilError } from '../../core/errors.ts';
import type { FilePiece } from '../../core/stage/launcher.ts';
import type { RunStore, SkippedFolder } from '../../core/stage/ports.ts';
import { RUN_FILES, type RunRecord, runRecordSchema } from '../../core/stage/run.ts';
import { checkName, diskError, withLock } from './disk.ts';
import { validate } from './records.ts';

/**
 * Runs on this machine, a folder each in `DIR`. A folder whose name starts with a dot is no run: builds are made in such
 * ones, and become runs by a rename.
 */
export function openRunStore(dir: string): RunStore {
  const root = resolve(dir);
  const folder = (id: string) => {
    checkName(id, 'run');
    return join(root, id);
  };
  return {
    folder,
    async list() {
      const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw diskError(error, root);
      });
      const runs: RunRecord[] = [];
      const skipped: SkippedFolder[] = [];
      for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))) {
        try {
          runs.push(await readRecord(join(root, name), name));
        } catch (error) {
          if (!(error instanceof FoilError)) throw error;
          skipped.push({ folder: join(root, name), reason: error.message });
        }
      }
      return { runs: runs.toSorted((a, b) => b.created.localeCompare(a.created)), skipped };
    },
    load: async (id) => await readRecord(folder(id), id),
    async update(id, change) {
      const file = join(folder(id), RUN_FILES.record);
      // Before the lock, which would create the folder of an unknown run.
      await readRecord(folder(id), id);
      return await withLock(file, async () => {
        const record = change(await readRecord(folder(id), id));
        await writeRecord(folder(id), record);
        return record;
      });
    },
    read: async (id, file, from, limit) => await readPiece(join(folder(id), file), from, limit),
  };
}

/** Replaces the record of a run as a whole. */
export async function writeRecord(folder: string, record: RunRecord): Promise<void> {
  const file = join(folder, RUN_FILES.record);
  const document = new Low<string>(new TextFile(file), '');
  document.data = `${JSON.stringify(validate(runRecordSchema, record, { file }), null, 1)}\n`;
  await document.write();
}

async function readRecord(folder: string, id: string): Promise<RunRecord> {
  const file = join(folder, RUN_FILES.record);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw diskError(error, file);
    throw new FoilError('unknown-run', `there is no run "${id}": it has no ${RUN_FILES.record}`, {
      where: { file },
      remedy: 'choose one of the list: foil runs',
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FoilError('run-unreadable', 'the record of the run is cut off or damaged', {
      where: { file },
      remedy: 'nothing was changed: mend the file; what the job wrote stands beside it',
    });
  }
  const record = validate(runRecordSchema, value, { file });
  if (record.id === id) return record;
  throw new FoilError('run-unreadable', `the folder of run "${record.id}" has another name`, {
    where: { file, field: 'id' },
    remedy: `rename the folder to ${record.id}`,
  });
}

async function readPiece(file: string, from: number, limit: number): Promise<FilePiece> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw diskError(error, file);
    return { bytes: new Uint8Array(), next: from, size: 0 };
  }
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(limit, size - from)));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: bytes.subarray(0, filled), next: from + filled, size };
  } finally {
    await handle.close();
  }
}
