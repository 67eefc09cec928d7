import { FoilError } from '../../../core/errors.ts';
import { findPython } from '../python.ts';
import { findTrainEnv } from '../train-env.ts';
import { type Finding, fail, fromError, ok, type Patient, warn } from './check.ts';

const WHAT_WORKS = 'everything but training works without it';

/** Python, the training environment, and a GPU: only training needs them, so it is no failure that one is missing. */
export async function checkTraining(patient: Patient): Promise<Finding[]> {
  return [await checkPython(patient), await checkEnvironment(patient), await checkGpu(patient)];
}

async function checkPython({ signal }: Patient): Promise<Finding> {
  try {
    const python = await findPython(undefined, signal);
    return ok('python', 'Python', `${python.version}, ${python.executable}`);
  } catch (error) {
    if (error instanceof FoilError) return fromError('python', 'Python', 'warn', error);
    throw error;
  }
}

async function checkEnvironment({ signal }: Patient): Promise<Finding> {
  const [id, title] = ['training', 'Training environment'] as const;
  let env: Awaited<ReturnType<typeof findTrainEnv>>;
  try {
    env = await findTrainEnv();
  } catch (error) {
    if (error instanceof FoilError) return fromError(id, title, 'fail', error);
    throw error;
  }
  if (env === null) return warn(id, title, `not built; ${WHAT_WORKS}`, 'to train: foil setup train');
  const { execa } = await import('execa');
  const imports = await execa(env.executable, ['-c', 'import torch, transformers, peft, trl'], {
    reject: false,
    all: true,
    timeout: 120_000,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const versions = ['torch', 'transformers', 'peft', 'trl']
    .map((name) => `${name} ${env.packages[name] ?? 'missing'}`)
    .join(', ');
  if (imports.timedOut) {
    const detail = `${env.dir} did not import within 2 minutes; it usually takes some seconds`;
    return warn(id, title, detail, 'look again when the machine is less busy');
  }
  if (imports.exitCode === 0) return ok(id, title, `${env.device}, Python ${env.python}, ${versions}`);
  const why = imports.all?.trim().split('\n').at(-1) || imports.originalMessage;
  return fail(id, title, `broken: ${why}; ${WHAT_WORKS}`, `delete ${env.dir}`, 'build it again: foil setup train');
}

async function checkGpu({ signal }: Patient): Promise<Finding> {
  const { execa } = await import('execa');
  const { exitCode, stdout } = await execa('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader'], {
    reject: false,
    timeout: 10_000,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const gpus = exitCode === 0 ? (stdout ?? '').split('\n').filter(Boolean) : [];
  return ok('gpu', 'GPU', gpus.length === 0 ? 'none found by nvidia-smi; the CPU is used' : gpus.join('; '));
}
