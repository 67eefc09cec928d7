/**
 * Bundles the command (dist/foil.js) and the embedded engine (dist/engine.js). Runs on `npm ci` through `prepare`, and
 * before the tests; does nothing while dist is newer than all sources. `--force` builds regardless.
 */
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');

const entries = { foil: 'src/cli/main.ts', engine: 'src/backends/embedded/server/main.ts' };

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  // a folder's own time counts too: it changes when a file is removed
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function fresh() {
  if (!existsSync(stamp) || Object.keys(entries).some((name) => !existsSync(join(dist, `${name}.js`)))) return false;
  const sources = ['src', 'package.json', 'package-lock.json', 'scripts/build.mjs'].map((name) => join(root, name));
  return Math.max(...sources.map(newest)) < statSync(stamp).mtimeMs;
}

if (process.argv.includes('--force') || !fresh()) {
  const begun = performance.now();
  const at = new Date();
  // a build that fails leaves the last good one in place
  const next = join(root, 'node_modules', '.foil-build');
  rmSync(next, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: next,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // a node target rewrites Ink's \p{} literals to `new RegExp` at each use: 7 to 16% of the CPU while it draws
    target: 'esnext',
    // what `import()` loads stays apart: screens, the OpenAI client and execa cost 80 to 200 ms each at start
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    // Ink asks for the devtools only in development, but imports them statically
    alias: { 'react-devtools-core': join(root, 'scripts/empty.mjs') },
    // finds its prebuilt libraries by its own place in node_modules
    external: ['node-llama-cpp'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  writeFileSync(join(next, '.built'), '');
  // sources saved while the build ran are newer than it
  utimesSync(join(next, '.built'), at, at);
  rmSync(dist, { recursive: true, force: true });
  renameSync(next, dist);
  console.error(`built dist in ${Math.round(performance.now() - begun)} ms`);
}
