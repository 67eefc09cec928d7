import { parseStageEvent, type StageEvent } from '../../stage/events.ts';
import type { FilePiece } from '../../stage/launcher.ts';
import type { RunPorts } from '../../stage/ports.ts';
import { RUN_FILES, type RunRecord } from '../../stage/run.ts';

/** Reads pieces of a run's files, wherever they lie. @throws FoilError when their machine cannot be reached. */
export type RunReader = (file: string, from: number, limit: number, signal: AbortSignal) => Promise<FilePiece>;

/** From the run's folder here where the job writes into that or it was collected; else by its launcher. */
export function readerOf(ports: RunPorts, { id, handle, collected }: RunRecord): RunReader {
  if (handle === null || collected || handle.folder === ports.runs.folder(id)) {
    return (file, from, limit) => ports.runs.read(id, file, from, limit);
  }
  return async (file, from, limit, signal) =>
    await (await ports.launchers.open(handle.launcher)).read(handle, file, from, limit, signal);
}

const CHUNK = 1 << 20;

/** The events of a run, from its first on or from the last `tail` bytes on; each call gives those that are new. */
export class EventReader {
  private readonly read: RunReader;
  private readonly tail: number | null;
  private offset: number | null = null;
  private rest = new Uint8Array();

  constructor(read: RunReader, tail: number | null = null) {
    this.read = read;
    this.tail = tail;
  }

  /** A last line without its line feed is torn, or still being written: it waits. */
  async next(signal: AbortSignal): Promise<StageEvent[]> {
    const events: StageEvent[] = [];
    this.offset ??= await this.start(signal);
    for (;;) {
      const { bytes, next, size } = await this.read(RUN_FILES.events, this.offset, CHUNK, signal);
      if (size < this.offset) {
        // Another file than before: from its start.
        this.offset = 0;
        this.rest = new Uint8Array();
        if (size === 0) return events;
        continue;
      }
      this.offset = next;
      this.take(bytes, events);
      if (bytes.length === 0 || next >= size) return events;
    }
  }

  private async start(signal: AbortSignal): Promise<number> {
    if (this.tail === null) return 0;
    const { size } = await this.read(RUN_FILES.events, 0, 0, signal);
    return Math.max(0, size - this.tail);
  }

  private take(bytes: Uint8Array, events: StageEvent[]): void {
    const all = joined(this.rest, bytes);
    const end = all.lastIndexOf(10) + 1;
    this.rest = all.slice(end);
    for (const line of new TextDecoder().decode(all.subarray(0, end)).split('\n')) {
      const event = parseStageEvent(line);
      if (event) events.push(event);
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
