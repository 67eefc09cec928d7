import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPlace } from '../../../core/errors.ts';
import { openSessionStore } from '../../store/session-store.ts';
import { userDirs } from '../dirs.ts';
import { type Finding, ok, type Patient, warn } from './check.ts';

/** Lock folders are touched every few seconds while they are held; the slowest holder does it every 10. */
const STALE_LOCK_MS = 60_000;

/** Records that cannot be read, the index over them, and locks that killed processes left. */
export async function checkSessions(patient: Patient): Promise<Finding[]> {
  return [...(await checkStore(patient)), ...(await checkLocks(patient))];
}

async function checkStore({ workspace }: Patient): Promise<Finding[]> {
  const dir = join(workspace, 'sessions');
  const [id, title] = ['sessions', 'Sessions'] as const;
  if (!existsSync(dir)) return [ok(id, title, 'none in this workspace yet')];
  const store = await openSessionStore(dir);
  try {
    const corpora = await store.corpora();
    const sessions = corpora.reduce((sum, corpus) => sum + corpus.sessions, 0);
    const findings = [ok(id, title, `${sessions} in ${corpora.length} corpora, all indexed`)];
    for (const problem of await store.problems()) {
      const detail = [formatPlace(problem.where), problem.message].filter(Boolean).join(': ');
      findings.push(warn('record', 'Record', detail, ...problem.remedy));
    }
    return findings;
  } finally {
    await store.close();
  }
}

async function checkLocks({ workspace }: Patient): Promise<Finding[]> {
  const { cache } = userDirs();
  const places = ['sessions', join('sessions', 'live'), 'pairs'].map((name) => join(workspace, name));
  const dirs = [...places, cache, ...['engine', 'weights', 'python'].map((name) => join(cache, name))];
  const stale: string[] = [];
  for (const dir of dirs) {
    for (const name of await readdir(dir).catch(() => [])) {
      if (!name.endsWith('.lock')) continue;
      const info = await stat(join(dir, name)).catch(() => null);
      if (info?.isDirectory() && Date.now() - info.mtimeMs > STALE_LOCK_MS) stale.push(join(dir, name));
    }
  }
  if (stale.length === 0) return [ok('locks', 'Locks', 'none was left behind')];
  return [
    {
      ...warn(
        'locks',
        'Locks',
        `left by processes that were killed: ${stale.join(', ')}`,
        'harmless, they are taken over; foil doctor --fix removes them',
      ),
      fix: async () => {
        for (const lock of stale) await rm(lock, { recursive: true, force: true });
        return `removed ${stale.length} locks`;
      },
    },
  ];
}
