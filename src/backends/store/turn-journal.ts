import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { TurnJournal } from '../../core/ports.ts';
import { type TurnRecord, turnRecordSchema } from '../../core/workflows/simulate/journal.ts';
import { checkName, diskError, holdLock, replaceFile } from './disk.ts';
import { readLines } from './lines.ts';
import { isBlank, isTorn, parseRecord } from './records.ts';

/** With O_DSYNC a write is on the disk when it returns: one call for what is two with a sync after it. */
const { O_APPEND, O_CREAT, O_RDWR, O_DSYNC } = constants;

/**
 * Opens `DIR/CORPUS.unfinished`, the turns of sessions that are on their way to a corpus, as its only writer until `close`.
 * Records that are appended at the same time share one write.
 * @throws FoilError `locked` while another process simulates into that corpus.
 */
export async function openTurnJournal(dir: string, corpus: string): Promise<TurnJournal> {
  checkName(corpus, 'corpus');
  const file = join(dir, `${corpus}.unfinished`);
  const held = await holdLock(file);
  try {
    const records = await readRecords(file);
    return new FileTurnJournal(file, records, held.release);
  } catch (error) {
    await held.release();
    throw error;
  }
}

async function readRecords(file: string): Promise<TurnRecord[]> {
  const records: TurnRecord[] = [];
  for await (const line of readLines(file)) {
    if (isBlank(line)) continue;
    try {
      records.push(parseRecord(turnRecordSchema, line, file));
    } catch (error) {
      // A write that was cut off: its request is made again.
      if (!(error instanceof FoilError) || !isTorn(line)) throw error;
    }
  }
  return records;
}

class FileTurnJournal implements TurnJournal {
  readonly records: readonly TurnRecord[];
  private readonly file: string;
  private readonly release: () => Promise<void>;
  private readonly sessions: Set<string>;
  private handle: FileHandle | null = null;
  private next: { text: string; written: PromiseWithResolvers<void> } | null = null;
  private writing: Promise<void> | null = null;

  constructor(file: string, records: readonly TurnRecord[], release: () => Promise<void>) {
    this.file = file;
    this.records = records;
    this.sessions = new Set(records.map(({ session }) => session));
    this.release = release;
  }

  append(record: TurnRecord): Promise<void> {
    this.sessions.add(record.session);
    this.next ??= { text: '', written: Promise.withResolvers<void>() };
    this.next.text += `${JSON.stringify(record)}\n`;
    const { written } = this.next;
    this.writing ??= this.pump();
    return written.promise;
  }

  async close(inCorpus: (session: string) => boolean): Promise<void> {
    try {
      await this.writing;
      await this.handle?.close();
      if ([...this.sessions].every(inCorpus)) await rm(this.file, { force: true });
      else {
        const left = (await readRecords(this.file)).filter(({ session }) => !inCorpus(session));
        await replaceFile(this.file, lines(left));
      }
    } finally {
      await this.release();
    }
  }

  /** One write for all that came while the one before was under way. */
  private async pump(): Promise<void> {
    for (let batch = this.next; batch; batch = this.next) {
      this.next = null;
      try {
        this.handle ??= await this.openForAppend();
        await writeWhole(this.handle, Buffer.from(batch.text));
        batch.written.resolve();
      } catch (error) {
        batch.written.reject(diskError(error, this.file));
      }
    }
    this.writing = null;
  }

  /** What a cut-off write left at the end is ended, so that no record is joined to it. */
  private async openForAppend(): Promise<FileHandle> {
    const handle = await open(this.file, O_APPEND | O_CREAT | O_RDWR | O_DSYNC, 0o666);
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    if (size > 0 && last[0] !== 10) await writeWhole(handle, Buffer.from('\n'));
    return handle;
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
}

function* lines(records: readonly TurnRecord[]): Generator<string> {
  for (const record of records) yield `${JSON.stringify(record)}\n`;
}
