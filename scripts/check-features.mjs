/**
 * `npm run check:features -- SESSIONS.jsonl... [--python PATH] [--json]`: `foil features` beside scripts/features.py, an
 * implementation of its own from the paper's definitions. Says the largest difference of any mean, median or sd; fails above 1e-9.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Sums in another order differ in their last digits only. */
const BOUND = 1e-9;
const root = fileURLToPath(new URL('..', import.meta.url));
const { positionals: files, values: options } = parseArgs({
  allowPositionals: true,
  options: { python: { type: 'string', default: 'python3' }, json: { type: 'boolean', default: false } },
});
if (files.length === 0) {
  console.error('usage: npm run check:features -- SESSIONS.jsonl...');
  process.exit(2);
}

const dir = mkdtempSync(join(tmpdir(), 'foil-features-'));
const foil = (...args) =>
  execFileSync(process.execPath, [join(root, 'bin', 'foil.js'), ...args, '--json', '--workspace', dir], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
  });
let missed = false;
try {
  for (const [at, file] of files.entries()) {
    const corpus = `corpus-${at}`;
    const copy = join(dir, `${corpus}.jsonl`);
    writeFileSync(copy, readFileSync(file));
    foil('import', copy, '--corpus', corpus, '--pii', 'keep');
    const ours = JSON.parse(foil('features', corpus));
    const theirs = JSON.parse(
      execFileSync(options.python, [join(root, 'scripts', 'features.py'), copy], { encoding: 'utf8' }),
    );
    const { sessions, ...features } = theirs;
    let worst = { figure: 'sessions', difference: Math.abs(ours.sessions - sessions) };
    for (const [feature, figures] of Object.entries(features)) {
      for (const [kind, value] of Object.entries(figures)) {
        const difference = Math.abs(ours[feature][kind] - value);
        if (!(difference <= worst.difference)) worst = { figure: `${feature} ${kind}`, difference };
      }
    }
    const ok = worst.difference <= BOUND;
    missed ||= !ok;
    if (options.json) console.log(JSON.stringify({ file, sessions, ...worst, ok, features }));
    else
      console.log(
        `${file}: ${sessions} sessions, largest difference ${worst.difference.toExponential(1)} (${worst.figure})`,
      );
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exit(missed ? 1 : 0);
