import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asFoilError } from '../../../core/errors.ts';
import { JOURNAL_NAMES } from '../../store/pair-set.ts';
import { openPairStore } from '../../store/pair-store.ts';
import { type Finding, fromError, ok, type Patient } from './check.ts';

/** Preference pairs and their journals: lines that are skipped, and records for which a whole set cannot be read. */
export async function checkPairs({ workspace }: Patient): Promise<Finding[]> {
  const dir = join(workspace, 'pairs');
  const [id, title] = ['pairs', 'Pairs'] as const;
  const files = (await readdir(dir).catch(() => [])).filter((file) => file.endsWith('.jsonl'));
  const names = files
    .map((file) => file.slice(0, -'.jsonl'.length))
    .filter((name) => !JOURNAL_NAMES.some((suffix) => name.endsWith(suffix)))
    .sort();
  if (names.length === 0) return [ok(id, title, 'none in this workspace yet')];
  const store = openPairStore(dir);
  try {
    const findings: Finding[] = [];
    let pairs = 0;
    for (const name of names) {
      try {
        pairs += (await store.list(name)).length;
        await store.mined(name);
      } catch (error) {
        const known = asFoilError(error);
        // one set that cannot be read says nothing of the others
        if (known) findings.push(fromError('pair-set', 'Set of pairs', 'fail', known));
      }
    }
    const skipped = store.problems().map((problem) => fromError('pair', 'Pair', 'warn', problem));
    return [ok(id, title, `${pairs} in ${names.length - findings.length} sets`), ...findings, ...skipped];
  } finally {
    await store.close();
  }
}
