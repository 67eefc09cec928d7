/** `npm run bench`: every benchmark, also after one that misses its bound; fails if any did. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
let missed = false;
for (const file of [
  'start.ts',
  'ui.tsx',
  'log.tsx',
  'review.tsx',
  'label.ts',
  'simulate.ts',
  'engine.ts',
  'mine.ts',
  'simulate-embedded.ts',
  'score.ts',
  'evaluate.ts',
]) {
  const { status } = spawnSync('tsx', [`bench/${file}`], { cwd: root, stdio: 'inherit' });
  missed ||= status !== 0;
}
process.exit(missed ? 1 : 0);
