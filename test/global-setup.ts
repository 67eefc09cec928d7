import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Tests start the bundles: they are built once, before any of them, if a source is newer. */
export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
