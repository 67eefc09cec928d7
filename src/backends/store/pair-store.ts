import { join } from 'node:path';
import type { PairStore } from '../../core/ports.ts';
import { type PreferencePair, pairSchema } from '../../core/preference/schema.ts';
import { appendRecords, withLock } from './disk.ts';
import { readLines } from './lines.ts';
import { isBlank, isTorn, parseRecord, validate } from './records.ts';

/**
 * Pairs made by hand, in `DIR/manual.jsonl`, append-only. `list` throws a FoilError with file, line and field for a bad
 * record, and skips one whose write was interrupted (`onTorn`).
 */
export async function openPairStore(
  dir: string,
  onTorn?: (place: { file: string; line: number }) => void,
): Promise<PairStore> {
  const file = join(dir, 'manual.jsonl');
  return {
    async append(pair) {
      const record = validate(pairSchema, pair, { file });
      await withLock(file, () => appendRecords(file, [record]));
    },
    async list() {
      const pairs: PreferencePair[] = [];
      for await (const line of readLines(file)) {
        if (isBlank(line)) continue;
        try {
          pairs.push(parseRecord(pairSchema, line, file));
        } catch (error) {
          if (!isTorn(line)) throw error;
          onTorn?.({ file, line: line.number });
        }
      }
      return pairs;
    },
  };
}
