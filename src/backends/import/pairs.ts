import { createHash } from 'node:crypto';
import { FoilError } from '../../core/errors.ts';
import type { Clock, PairStore } from '../../core/ports.ts';
import { importPair, sharegptPairSchema, trlSchema } from '../../core/preference/exchange.ts';
import { type PreferencePair, pairSchema } from '../../core/preference/schema.ts';
import { redactText } from '../../core/text/pii.ts';
import { isBlank, parseJson, validate } from '../store/records.ts';
import { listSources, openSource } from './source.ts';

export interface ImportPairsOptions {
  readonly store: PairStore;
  readonly set: string;
  /** Files, and folders whose `.jsonl` and `.jsonl.gz` are all taken. */
  readonly paths: readonly string[];
  readonly pii: 'remove' | 'keep';
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ImportPairsReport {
  readonly read: number;
  readonly added: number;
  /** Ids that the set has already. */
  readonly duplicates: number;
  /** Pairs in which personal data was replaced. */
  readonly redacted: number;
}

/**
 * Adds the pairs of TRL, ShareGPT or our own files to a set, all of them or none: a bad record anywhere leaves the set as it
 * was. @throws FoilError with file, line, field and remedy.
 */
export async function importPairs(options: ImportPairsOptions): Promise<ImportPairsReport> {
  const { store, set, pii, signal } = options;
  const known = new Set(
    (await store.sets()).some(({ name }) => name === set) ? (await store.list(set, [])).map(({ id }) => id) : [],
  );
  const created = options.clock.now().toISOString();
  const added: PreferencePair[] = [];
  let [read, redacted] = [0, 0];
  for (const { file } of await listSources(options.paths)) {
    for await (const line of openSource(file).lines) {
      signal.throwIfAborted();
      if (isBlank(line)) continue;
      read += 1;
      const place = { file, line: line.number };
      const pair = convert(parseJson(line, file), place, created);
      if (known.has(pair.id)) continue;
      known.add(pair.id);
      const clean = pii === 'keep' ? pair : redactPair(pair);
      if (JSON.stringify(clean) !== JSON.stringify(pair)) redacted += 1;
      added.push(clean);
    }
  }
  if (read === 0) {
    throw new FoilError('nothing-to-import', 'there is no record in what was named', {
      where: { file: options.paths[0] ?? '' },
      remedy: 'check the path: a set of pairs has one JSON object on each line',
    });
  }
  await store.append(set, added);
  return { read, added: added.length, duplicates: read - added.length, redacted };
}

function convert(value: unknown, place: { file: string; line: number }, created: string): PreferencePair {
  const record = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if ('history' in record) return validate(pairSchema, value, place);
  if (!('chosen' in record && 'rejected' in record)) {
    throw new FoilError('unknown-format', 'the record has no "chosen" and "rejected"', {
      where: place,
      remedy: 'pairs are rows of TRL (conversational preference), of ShareGPT, or of a set of Foil',
    });
  }
  // The same row has the same id however often it is imported.
  const digest = createHash('sha256').update(
    JSON.stringify([record['prompt'], record['conversations'], record['chosen'], record['rejected']]),
  );
  const fallback = { id: `pair-${digest.digest('hex').slice(0, 12)}`, created };
  try {
    const row =
      'conversations' in record ? validate(sharegptPairSchema, value, place) : validate(trlSchema, value, place);
    return importPair(row, fallback);
  } catch (error) {
    if (!(error instanceof FoilError) || error.where?.file !== undefined) throw error;
    throw new FoilError(error.code, error.message, { where: { ...place, ...error.where }, remedy: error.remedy });
  }
}

/** Takes personal data out of all texts of a pair; ids and names of models stay. */
function redactPair(pair: PreferencePair): PreferencePair {
  const clean = (text: string) => redactText(text).text;
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return clean(value);
    if (Array.isArray(value)) return value.map(deep);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deep(inner)]));
  };
  return {
    ...pair,
    context: deep(pair.context) as PreferencePair['context'],
    history: pair.history.map((turn) => ({ ...turn, content: clean(turn.content) })),
    chosen: { ...pair.chosen, content: clean(pair.chosen.content) },
    rejected: { ...pair.rejected, content: clean(pair.rejected.content) },
  };
}
