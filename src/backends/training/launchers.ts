import type { Launcher } from '../../core/stage/launcher.ts';
import type { Launchers } from '../../core/stage/ports.ts';
import type { FoilConfig } from '../config/schema.ts';
import { launcherNames, openLauncher } from '../launch/open.ts';

/** The launchers of foil.yaml, each opened once: what one knows of its machine is kept. */
export function openLaunchers(config: FoilConfig, env: Readonly<Record<string, string | undefined>>): Launchers {
  const opened = new Map<string, Launcher>();
  return {
    names: launcherNames(config),
    async open(name) {
      const launcher = opened.get(name) ?? openLauncher(name, config, env);
      opened.set(name, launcher);
      return launcher;
    },
  };
}
