import { FoilError } from '../../core/errors.ts';
import { nearest } from '../../core/fields.ts';
import type { Launcher } from '../../core/stage/launcher.ts';
import { type FoilConfig, LOCAL } from '../config/schema.ts';
import { localLauncher } from './local.ts';
import { rayLauncher } from './ray.ts';
import { slurmLauncher } from './slurm.ts';
import { sshLauncher } from './ssh.ts';

type Config = Pick<FoilConfig, 'launchers' | 'servers' | 'file'>;

/** Where stages can run: this machine, then the launchers of foil.yaml. */
export function launcherNames(config: Pick<Config, 'launchers'>): string[] {
  return [LOCAL, ...Object.keys(config.launchers)];
}

/**
 * The launcher of a name. Opening one asks no machine. Jobs never see the variables that foil.yaml names as holding
 * keys. `env` is where the key of a Ray cluster is looked up.
 * @throws FoilError `no-launcher`, `key-missing`.
 */
export function openLauncher(
  name: string,
  config: Config,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Launcher {
  const secrets = keyVariables(config);
  if (name === LOCAL) return localLauncher(secrets);
  const found = config.launchers[name];
  switch (found?.kind) {
    case 'ssh':
      return sshLauncher(name, found, secrets);
    case 'slurm':
      return slurmLauncher(name, found, secrets);
    case 'ray':
      return rayLauncher(name, found, secrets, keyOf(name, found.key_env, config, env));
    default: {
      const known = launcherNames(config);
      const near = nearest(name, known);
      throw new FoilError('no-launcher', `there is no launcher "${name.slice(0, 100)}"`, {
        ...(config.file === null ? {} : { where: { file: config.file, field: 'launchers' } }),
        remedy: `${near ? `did you mean "${near}"? ` : ''}known: ${known.join(', ')}`,
      });
    }
  }
}

function keyVariables(config: Config): string[] {
  return [...Object.values(config.servers), ...Object.values(config.launchers)].flatMap((entry) =>
    'key_env' in entry && entry.key_env !== undefined ? [entry.key_env] : [],
  );
}

function keyOf(
  name: string,
  variable: string | undefined,
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (variable === undefined) return null;
  const key = env[variable]?.trim();
  if (key) return key;
  throw new FoilError('key-missing', `the launcher "${name}" needs a key, but ${variable} is not set or empty`, {
    where: { ...(config.file === null ? {} : { file: config.file }), field: `launchers.${name}.key_env` },
    remedy: [`export ${variable}=... and start foil again`, 'or take key_env out if the cluster needs no key'],
  });
}
