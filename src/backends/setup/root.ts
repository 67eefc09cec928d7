import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoilError } from '../../core/errors.ts';

/** The folder that Foil is installed in: `python/` and `models/` stand there, beside `dist/` or `src/`. */
export function installRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  // bundled code runs from dist/, a development run from src/
  while (!existsSync(join(folder, 'bin', 'foil.js'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new FoilError('broken-install', 'cannot find the folder that Foil is installed in', {
        remedy: 'install it again: clone it and run `npm ci`',
      });
    }
    folder = parent;
  }
  return folder;
}
