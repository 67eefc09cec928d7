import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import type { FoilError } from '../../core/errors.ts';
import { diskError, syncFolder } from './disk.ts';
import { readLines } from './lines.ts';
import { isBlank, isTorn, parseRecord, tornError } from './records.ts';

/**
 * A JSONL file that is only ever added to, followed from where it was last read: a label costs one write and one datasync,
 * however long the file is. Appends need no lock: a record is one write to a file opened for appending, which the system
 * puts whole behind what is there, whoever else writes.
 */
export class Journal<T extends z.ZodType> {
  readonly file: string;
  readonly #schema: T;
  readonly #take: (record: z.output<T>, line: number) => void;
  readonly #problem: (problem: FoilError) => void;
  #handle: FileHandle | null = null;
  /** Where the first line that was not taken yet begins. */
  #next = { offset: 0, line: 1 };
  /** Whether what was taken ends with a line feed. */
  #whole = true;
  #torn = -1;

  constructor(
    file: string,
    schema: T,
    take: (record: z.output<T>, line: number) => void,
    problem: (problem: FoilError) => void,
  ) {
    this.file = file;
    this.#schema = schema;
    this.#take = take;
    this.#problem = problem;
  }

  /**
   * Takes the records that were added since the last call, by whomever. A line whose write was interrupted is reported, once.
   * @throws FoilError with file, line and field for a record that cannot be read.
   */
  async sync(): Promise<void> {
    // Opening a file to read nothing costs more than the question whether it has grown.
    const size = (await stat(this.file).catch(() => null))?.size;
    if (size === this.#next.offset) return;
    for await (const line of readLines(this.file, this.#next)) {
      let record: z.output<T> | null = null;
      if (!isBlank(line)) {
        try {
          record = parseRecord(this.#schema, line, this.file);
        } catch (error) {
          if (!isTorn(line)) throw error;
          if (this.#torn !== line.offset) this.#problem(tornError(this.file, line.number));
          this.#torn = line.offset;
        }
      }
      // A last line without its end may still be written to, by another process.
      if (!line.ended && record === null) return;
      this.#whole = line.ended;
      const end = line.ended ? 1 : 0;
      this.#next = { offset: line.offset + line.raw.length + end, line: line.number + end };
      if (record !== null) this.#take(record, line.number);
    }
  }

  /**
   * Writes one record, on the disk when the promise resolves, and takes it. Calls must not overlap.
   * @param ready called once all that others wrote is taken; what it throws keeps the record from being written.
   */
  async append(record: z.output<T>, ready: () => void = () => {}, catchUp = () => this.sync()): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      const handle = await this.#open();
      const { size } = await handle.stat();
      if (size !== this.#next.offset) await catchUp();
      ready();
      const whole = size === 0 || size === this.#next.offset ? this.#whole : await endsLine(handle, size);
      await handle.appendFile(whole ? line : Buffer.concat([Buffer.from('\n'), line]));
      await handle.datasync();
      if (size === 0) await syncFolder(dirname(this.file));
      const { offset, line: number } = this.#next;
      if (!whole || size !== offset || (await handle.stat()).size !== offset + line.length) return await this.sync();
      this.#next = { offset: offset + line.length, line: number + 1 };
      this.#take(record, number);
    } catch (error) {
      throw diskError(error, this.file);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    await mkdir(dirname(this.file), { recursive: true });
    this.#handle = await open(this.file, 'a+');
    return this.#handle;
  }
}

async function endsLine(handle: FileHandle, size: number): Promise<boolean> {
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] === 10;
}
