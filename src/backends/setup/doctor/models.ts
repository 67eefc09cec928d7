import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../../core/errors.ts';
import { resolveKey } from '../../config/keys.ts';
import { loadConfig } from '../../config/load.ts';
import type { FoilConfig, ServerConfig } from '../../config/schema.ts';
import { BASE } from '../../embedded/index.ts';
import { fileSha256 } from '../../embedded/sha256.ts';
import { type AdapterFolder, findAdapters } from '../../registry/cards.ts';
import { installRoot } from '../root.ts';
import { type Finding, fail, fromError, ok, type Patient, warn } from './check.ts';

const SERVER_TIMEOUT_MS = 3_000;

/** foil.yaml, the servers that it names, and the adapters on this machine. */
export async function checkModels(patient: Patient): Promise<Finding[]> {
  const findings: Finding[] = [];
  let config: FoilConfig | null = null;
  try {
    config = await loadConfig(patient.workspace);
    const { servers, models } = config;
    const detail = `${Object.keys(servers).length} servers, ${Object.keys(models).length} models`;
    findings.push(ok('config', 'foil.yaml', config.file === null ? 'none; the defaults hold' : detail));
  } catch (error) {
    if (!(error instanceof FoilError)) throw error;
    findings.push(fromError('config', 'foil.yaml', 'fail', error));
  }
  const servers = Object.entries(config?.servers ?? {});
  findings.push(...(await Promise.all(servers.map(([name, server]) => checkServer(name, server, patient)))));
  findings.push(...(await checkAdapters(patient)));
  return findings;
}

async function checkServer(name: string, server: ServerConfig, { env, signal }: Patient): Promise<Finding> {
  const [id, title] = [`server.${name}`, `Server ${name}`];
  let key: string | null;
  try {
    key = resolveKey(name, server, env);
  } catch (error) {
    if (error instanceof FoilError) return fromError(id, title, 'warn', error);
    throw error;
  }
  const url = `${server.base_url.replace(/\/$/, '')}/models`;
  try {
    const answer = await fetch(url, {
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(SERVER_TIMEOUT_MS)]),
    });
    if (answer.ok) return ok(id, title, `${server.base_url} answers`);
    const refused = answer.status === 401 || answer.status === 403;
    return warn(
      id,
      title,
      `${url} answers HTTP ${answer.status}`,
      refused
        ? `check the key in ${server.key_env ?? 'key_env (none is named)'}`
        : 'check base_url: it usually ends in /v1',
    );
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return warn(
      id,
      title,
      `${server.base_url} cannot be reached: ${reason}`,
      'start the server, or correct base_url in foil.yaml',
    );
  }
}

async function checkAdapters({ workspace, signal }: Patient): Promise<Finding[]> {
  const dirs = [...new Set([join(installRoot(), 'models'), join(workspace, 'models')])];
  const { adapters, broken } = await findAdapters(dirs);
  const findings = broken.map(({ dir, error }) => {
    const title = 'Adapter';
    if (error instanceof FoilError) return fromError(`adapter.${dir}`, title, 'fail', error);
    return fail(`adapter.${dir}`, title, `${dir}: ${error}`, 'move the folder away, or export the adapter again');
  });
  for (const [name, adapter] of adapters) {
    const problem = await adapterProblem(adapter, signal);
    const id = `adapter.${name}`;
    const remedy = 'restore the file (git checkout), or export the adapter again';
    findings.push(
      problem === null
        ? ok(id, 'Adapter', `${name}: ${adapter.card.kind}, as its card says`)
        : fail(id, 'Adapter', `${name}: ${problem}`, remedy),
    );
  }
  return findings;
}

/** What of an adapter's files is not what its card says; null if all is. */
async function adapterProblem({ dir, card }: AdapterFolder, signal: AbortSignal): Promise<string | null> {
  const files: [name: string, sha256: string, of: (file: string) => Promise<string>][] = [
    ['adapter.gguf', card.adapter.gguf_sha256, (file) => fileSha256(file, { signal })],
    [
      card.template.file,
      card.template.sha256,
      async (file) =>
        createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
    ],
  ];
  for (const [name, expected, sha256] of files) {
    const file = join(dir, name);
    const found = await sha256(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (found === null) return `${file} is missing`;
    if (found !== expected)
      return `${file} is not the file of its card (sha256 ${found.slice(0, 12)}…, not ${expected.slice(0, 12)}…)`;
  }
  return card.base.gguf_sha256 === BASE.sha256
    ? null
    : `trained on another base, ${card.base.name} ${card.base.gguf_sha256.slice(0, 12)}…`;
}
