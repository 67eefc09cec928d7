import { FoilError } from '../../core/errors.ts';
import { nearest } from '../../core/fields.ts';
import type { Launchers } from '../../core/ports.ts';
import type { Launcher } from '../../core/stage/launcher.ts';
import { localLauncher } from '../launch/local.ts';

/** Opens each launcher once: what it knows of its machine is kept. */
export function openLaunchers(): Launchers {
  const names = ['local'];
  const opened = new Map<string, Launcher>();
  return {
    names,
    async open(name) {
      if (!names.includes(name)) throw unknown(name, names);
      const launcher = opened.get(name) ?? localLauncher();
      opened.set(name, launcher);
      return launcher;
    },
  };
}

function unknown(name: string, names: readonly string[]): FoilError {
  const near = nearest(name, names);
  return new FoilError('unknown-launcher', `no launcher is called "${name}"`, {
    remedy: [
      ...(near === undefined ? [] : [`did you mean "${near}"?`]),
      `known: ${names.join(', ')}; others are added to foil.yaml under launchers`,
    ],
  });
}
