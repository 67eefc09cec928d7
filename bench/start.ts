/**
 * Time to the first frame, in a pty: the bundle against a bare Ink program that prints one line, and `npm start` against
 * `npm exec node -e 0`. Both pairs are bundled or started alike, their runs alternate, and the medians are compared.
 *
 *     npx tsx bench/start.ts [--runs 15] [--json]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { build } from 'esbuild';
import { bundleOptions } from '../scripts/bundle.mjs';

const LIMIT = 1.3;
/** The title bar, on the alternate screen: npm prints the name of the program before it. */
const FRAME = /\x1b\[\?1049h[\s\S]*foil/;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** What its first frame shows; null waits for its end instead. */
  readonly frame: RegExp | null;
}

/** Milliseconds from the start of a program in a pty to its first frame. It is then ended, and waited for. */
function timeToFrame({ file, args, frame }: Program): Promise<number> {
  return new Promise((done, failed) => {
    const begun = performance.now();
    let seen = '';
    let took: number | null = null;
    const env = { ...process.env, CI: 'false', TERM: 'xterm-256color' };
    const pty = spawn(file, [...args], { cols: 120, rows: 40, cwd: ROOT, env });
    const kill = setTimeout(() => pty.kill('SIGKILL'), 20_000);
    pty.onData((data) => {
      seen += data;
      if (took !== null || frame === null || !frame.test(seen)) return;
      took = performance.now() - begun;
      // asked politely, so that Node writes its compile cache; a program without handlers ends at once
      pty.kill('SIGTERM');
    });
    pty.onExit(() => {
      clearTimeout(kill);
      if (frame === null) took = performance.now() - begun;
      if (took === null) failed(new Error(`${file} ${args.join(' ')} showed no frame:\n${seen}`));
      else done(took);
    });
  });
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Runs two programs in turn; the first run of each fills the compile cache and is not counted. */
async function compare(
  one: Program,
  other: Program,
  runs: number,
): Promise<{ ms: number; baseMs: number; ratio: number }> {
  const times: [number[], number[]] = [[], []];
  for (let run = -1; run < runs; run += 1) {
    const pair = [await timeToFrame(one), await timeToFrame(other)] as const;
    if (run < 0) continue;
    times[0].push(pair[0]);
    times[1].push(pair[1]);
  }
  const [ms, baseMs] = [median(times[0]), median(times[1])];
  return { ms, baseMs, ratio: ms / baseMs };
}

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '15' }, json: { type: 'boolean', default: false } },
});
const runs = Number(values.runs);
const folder = await mkdtemp(join(tmpdir(), 'foil-start-'));
const workspace = join(folder, 'workspace');
// beside node_modules, so that what a bundle leaves outside of it is found
const bare = join(ROOT, 'node_modules', '.foil-bench');
try {
  await mkdir(workspace);
  const entryPoints = { bare: fileURLToPath(new URL('start-bare.tsx', import.meta.url)) };
  await build({ ...bundleOptions(ROOT), entryPoints, outdir: bare });
  const launcher =
    "import * as m from 'node:module'; m.enableCompileCache(import.meta.dirname + '/cache'); await import('./bare.js');\n";
  await writeFile(join(bare, 'launch.js'), launcher);

  const foil = ['--workspace', workspace];
  const results = {
    bundle: await compare(
      { file: NODE, args: [join(ROOT, 'bin', 'foil.js'), ...foil], frame: FRAME },
      { file: NODE, args: [join(bare, 'launch.js')], frame: /ready/ },
      runs,
    ),
    npm_start: await compare(
      { file: 'npm', args: ['start', '--', ...foil], frame: FRAME },
      { file: 'npm', args: ['exec', '--', 'node', '-e', '0'], frame: null },
      runs,
    ),
  };
  for (const [name, { ms, baseMs, ratio }] of Object.entries(results)) {
    const rounded = { ms: Math.round(ms), base_ms: Math.round(baseMs), ratio: Number(ratio.toFixed(2)), limit: LIMIT };
    if (values.json) console.log(JSON.stringify({ bench: 'start', name, ...rounded, ok: ratio <= LIMIT }));
    else
      console.log(`${name.padEnd(10)} ${rounded.ms} ms / ${rounded.base_ms} ms = ${rounded.ratio} (at most ${LIMIT})`);
  }
  process.exitCode = Object.values(results).every(({ ratio }) => ratio <= LIMIT) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
  await rm(bare, { recursive: true, force: true });
}
