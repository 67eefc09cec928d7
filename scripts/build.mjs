/**
 * Bundles the command (dist/foil.js) and the embedded engine (dist/engine.js). Runs on `npm ci` through `prepare`, and
 * before the tests; does nothing while dist is newer than all sources. `--force` builds regardless.
 */
import {
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions, quickStart } from './bundle.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');

const entries = { foil: 'src/cli/main.ts', engine: 'src/backends/embedded/server/main.ts' };
/** Read at run time, beside the code that reads them. */
const assets = ['job-look.sh', 'job-run.sh', 'job-ask.sh'].map((name) => join(root, 'src/backends/launch', name));

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  // a folder's own time counts too: it changes when a file is removed
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function fresh() {
  if (!existsSync(stamp) || Object.keys(entries).some((name) => !existsSync(join(dist, `${name}.js`)))) return false;
  const sources = ['src', 'package.json', 'package-lock.json', 'scripts'].map((name) => join(root, name));
  return Math.max(...sources.map(newest)) < statSync(stamp).mtimeMs;
}

if (process.argv.includes('--force') || !fresh()) {
  const begun = performance.now();
  const at = new Date();
  // a build that fails leaves the last good one in place
  const next = join(root, 'node_modules', `.foil-build-${process.pid}`);
  await build({ ...bundleOptions(root), plugins: [quickStart], entryPoints: entries, outdir: next });
  for (const asset of assets) copyFileSync(asset, join(next, basename(asset)));
  writeFileSync(join(next, '.built'), '');
  // sources saved while the build ran are newer than it
  utimesSync(join(next, '.built'), at, at);
  // two renames: whoever starts Foil meanwhile finds one or the other, but for an instant
  const last = `${next}-last`;
  if (existsSync(dist)) renameSync(dist, last);
  renameSync(next, dist);
  rmSync(last, { recursive: true, force: true });
  console.error(`built dist in ${Math.round(performance.now() - begun)} ms`);
}
