import { FoilError } from '../../core/errors.ts';
import type { ServerConfig } from './schema.ts';

/**
 * The key of a server, from the environment variable that the configuration names; null if the server needs none. Ask
 * when the server is used and not before: a key that is missing for another server is no error. The key itself stands in
 * no error and no log.
 *
 * Throws FoilError `key-missing`.
 */
export function resolveKey(
  serverName: string,
  server: ServerConfig,
  env: Readonly<Record<string, string | undefined>>,
  file?: string | null,
): string | null {
  if (server.key_env === undefined) return null;
  const key = env[server.key_env]?.trim();
  if (key) return key;
  const state = env[server.key_env] === undefined ? 'is not set' : 'is empty';
  throw new FoilError(
    'key-missing',
    `the server "${serverName}" needs a key, but the variable ${server.key_env} ${state}`,
    {
      where: { ...(file ? { file } : {}), field: `servers.${serverName}.key_env` },
      remedy: [`export ${server.key_env}=... and start foil again`, 'or take key_env out if the server needs no key'],
    },
  );
}
