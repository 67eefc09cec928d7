import { FoilError } from '../../core/errors.ts';
import type { Session } from '../../core/session/schema.ts';
import { PII_KINDS, type PiiKind, redactSession } from '../../core/text/pii.ts';
import { isBlank, parseJson } from '../store/records.ts';
import type { OpenSessionStore } from '../store/session-store.ts';
import { convert } from './convert.ts';
import { detectFormat, type ImportFormat } from './formats.ts';
import { listSources, openSource } from './source.ts';

export interface ImportOptions {
  readonly store: OpenSessionStore;
  /** The corpus that the sessions are added to; made if it does not exist. */
  readonly corpus: string;
  /** Files, and folders whose `.jsonl` and `.jsonl.gz` are all taken. */
  readonly paths: readonly string[];
  readonly format?: ImportFormat | 'auto';
  /** Personal data is replaced by placeholders unless it is to be kept. Nothing leaves the machine either way. */
  readonly pii?: 'remove' | 'keep';
  /** Count records that cannot be imported and go on, instead of stopping at the first. */
  readonly skipBad?: boolean;
  /** What wrote the user turns of records that do not say; without it they count as real. */
  readonly simulator?: string;
  readonly signal?: AbortSignal;
}

export type ImportEvent =
  | { readonly type: 'file'; readonly file: string; readonly format: ImportFormat; readonly bytes: number }
  /** `bytes` of `total` are read; `sessions` were added so far and are on the disk. */
  | {
      readonly type: 'progress';
      readonly file: string;
      readonly bytes: number;
      readonly total: number;
      readonly sessions: number;
    }
  | { readonly type: 'bad'; readonly error: FoilError };

export interface ImportReport {
  readonly corpus: string;
  readonly files: { file: string; format: ImportFormat; read: number; added: number }[];
  /** Records read: added, duplicates and bad ones. */
  read: number;
  added: number;
  duplicates: number;
  bad: number;
  /** Messages joined to the one before, of the same speaker. */
  mergedMessages: number;
  /** Messages of tools, and of assistants that only called one. */
  droppedMessages: number;
  userTurns: number;
  assistantTurns: number;
  readonly pii: {
    readonly mode: 'remove' | 'keep';
    /** Sessions in which anything was replaced. */
    sessions: number;
    readonly kinds: Record<PiiKind, { count: number; sessions: number }>;
  };
}

/** Records of one append: each append is synced to the disk, which is what takes time. */
const BATCH_RECORDS = 200;
const BATCH_BYTES = 4_000_000;

/**
 * Adds the sessions of foreign files to a corpus. What was added is on the disk: an import that was stopped, killed or
 * found a bad record goes on where it was when it is run again, since ids that are there already are skipped.
 *
 * Throws FoilError with file, line, field and remedy for a record that cannot be imported, unless `skipBad` is set.
 */
export async function* importCorpus(options: ImportOptions): AsyncGenerator<ImportEvent, ImportReport> {
  const { store, corpus, skipBad = false, signal } = options;
  const report = emptyReport(corpus, options.pii ?? 'remove');
  const sources = await listSources(options.paths);
  const total = sources.reduce((sum, { bytes }) => sum + bytes, 0);
  const taken = await store.ids(corpus);
  let done = 0;
  let batch: Session[] = [];
  let batchBytes = 0;
  const flush = async () => {
    if (batch.length > 0) await store.append(corpus, batch);
    report.added += batch.length;
    batch = [];
    batchBytes = 0;
  };
  for (const { file, bytes } of sources) {
    const source = openSource(file);
    let entry: ImportReport['files'][number] | undefined;
    for await (const line of source.lines) {
      signal?.throwIfAborted();
      if (isBlank(line)) continue;
      const place = { file, line: line.number };
      report.read += 1;
      try {
        const value = parseJson(line, file);
        if (!entry) {
          const format = !options.format || options.format === 'auto' ? detectFormat(value, place) : options.format;
          entry = { file, format, read: 0, added: 0 };
          report.files.push(entry);
          yield { type: 'file', file, format, bytes };
        }
        entry.read += 1;
        const { session, merged, dropped } = convert(value, entry.format, place, {
          corpus,
          simulator: options.simulator,
        });
        if (taken.has(session.id)) {
          report.duplicates += 1;
          continue;
        }
        taken.add(session.id);
        batch.push(prepare(session, report));
        batchBytes += line.raw.length;
        entry.added += 1;
        report.mergedMessages += merged;
        report.droppedMessages += dropped;
      } catch (error) {
        if (!(error instanceof FoilError)) throw error;
        if (!skipBad) {
          await flush();
          throw withHint(error);
        }
        report.bad += 1;
        yield { type: 'bad', error };
      }
      if (batch.length >= BATCH_RECORDS || batchBytes >= BATCH_BYTES) {
        await flush();
        yield { type: 'progress', file, bytes: done + source.bytesRead(), total, sessions: report.added };
      }
    }
    await flush();
    done += bytes;
    yield { type: 'progress', file, bytes: done, total, sessions: report.added };
  }
  if (report.read === 0) {
    throw new FoilError('nothing-to-import', 'there is no record in what was named', {
      where: { file: options.paths[0] ?? '' },
      remedy: 'check the path: a corpus has one JSON object on each line',
    });
  }
  return report;
}

/** Takes personal data out if that is wanted, and counts what the session brings. */
function prepare(session: Session, report: ImportReport): Session {
  for (const { role } of session.turns) {
    if (role === 'user') report.userTurns += 1;
    else report.assistantTurns += 1;
  }
  if (report.pii.mode === 'keep') return session;
  const { session: clean, counts } = redactSession(session);
  for (const kind of PII_KINDS) {
    report.pii.kinds[kind].count += counts[kind];
    if (counts[kind] > 0) report.pii.kinds[kind].sessions += 1;
  }
  if (PII_KINDS.some((kind) => counts[kind] > 0)) report.pii.sessions += 1;
  return clean;
}

function withHint(error: FoilError): FoilError {
  return new FoilError(error.code, error.message, {
    remedy: [...error.remedy, 'or leave out what cannot be read, and count it: --skip-bad'],
    cause: error,
    ...(error.where ? { where: error.where } : {}),
  });
}

function emptyReport(corpus: string, mode: 'remove' | 'keep'): ImportReport {
  const counts = { files: [], read: 0, added: 0, duplicates: 0, bad: 0, mergedMessages: 0, droppedMessages: 0 };
  const kinds = Object.fromEntries(PII_KINDS.map((kind) => [kind, { count: 0, sessions: 0 }]));
  return {
    corpus,
    ...counts,
    userTurns: 0,
    assistantTurns: 0,
    pii: { mode, sessions: 0, kinds: kinds as ImportReport['pii']['kinds'] },
  };
}
