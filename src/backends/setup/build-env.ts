import { existsSync } from 'node:fs';
import { appendFile, mkdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FoilError, isAbort } from '../../core/errors.ts';
import { formatBytes } from '../../core/text/quantity.ts';
import { waitForLock } from './build-lock.ts';
import { pipFailure } from './pip-failure.ts';
import { findPython, type Python, probePython } from './python.ts';
import {
  type BuildEvent,
  type Device,
  environmentDir,
  environmentsDir,
  executableIn,
  findTrainEnv,
  MARK,
  readEnvironment,
  readRequirements,
  type TrainEnv,
} from './train-env.ts';

export interface BuildOptions {
  /** `auto`: CUDA where nvidia-smi lists a GPU. */
  readonly device: Device | 'auto';
  readonly python?: string;
  /** A pip index to take torch from, for builds that the default index lacks. */
  readonly torchIndex?: string;
  /** Folder to hold the environments instead of the user's cache. */
  readonly dir?: string;
  /** Another list of packages, for tests. */
  readonly requirements?: string;
}

/** Free space that a build must find: measured 1.7 GB for CPU wheels; CUDA's libraries take some 6 GB, twice while unpacking. */
const NEEDED_BYTES: Record<Device, number> = { cpu: 3e9, cuda: 12e9 };

const STEPS = 4;
const TAIL_LINES = 60;

/**
 * Builds the environment of the training stages, or finds the one that stands. Safe to stop at any moment: the next
 * call goes on, or starts over where the interpreter itself is broken; of two builders one waits. Throws FoilError for
 * a missing Python, a full disk, and what pip reports.
 */
export async function* buildTrainEnv(options: BuildOptions, signal: AbortSignal): AsyncGenerator<BuildEvent, TrainEnv> {
  const requirements = await readRequirements(options.requirements);
  const device = options.device === 'auto' ? ((await hasGpu(signal)) ? 'cuda' : 'cpu') : options.device;
  if (options.python === undefined) {
    const ready = await findTrainEnv({ ...options, device });
    if (ready && (await probePython(ready.executable, signal))) return ready;
  }

  const python = await findPython(options.python, signal);
  const base = environmentsDir(options.dir);
  const dir = environmentDir(base, requirements.sha256, python.version, device);
  await makeFolder(base);
  const lock = yield* waitForLock(dir, signal);
  try {
    const stop = AbortSignal.any([signal, lock.lost]);
    const standing = await readEnvironment(dir);
    if (standing && (await probePython(standing.executable, stop))) return standing;
    await checkSpace(base, device);
    // an environment stands nowhere by this name, or it is unfinished: whatever reads the mark must not find an old one
    await rm(join(dir, MARK), { force: true });
    const build = new Build(dir, python, stop);
    yield* build.venv();
    if (device === 'cpu' && options.torchIndex === undefined && process.platform === 'linux') {
      yield {
        type: 'notice',
        text: "the default index's torch for Linux may carry CUDA (a few GB that a CPU never uses); --torch-index URL takes PyTorch's own index of CPU builds",
      };
    }
    yield* build.install(requirements, options.torchIndex);
    return yield* build.finish(requirements.sha256, device);
  } finally {
    await lock.release();
  }
}

class Build {
  readonly #dir: string;
  readonly #python: Python;
  readonly #signal: AbortSignal;
  readonly #log: string;
  readonly #executable: string;

  constructor(dir: string, python: Python, signal: AbortSignal) {
    this.#dir = dir;
    this.#python = python;
    this.#signal = signal;
    this.#log = join(dir, 'install.log');
    this.#executable = executableIn(dir);
  }

  async *venv(): AsyncGenerator<BuildEvent> {
    yield { type: 'step', index: 1, of: STEPS, title: `environment for Python ${this.#python.version}` };
    const usable = existsSync(this.#executable) && (await probePython(this.#executable, this.#signal));
    if (usable) return;
    await rm(this.#dir, { recursive: true, force: true });
    await mkdir(this.#dir, { recursive: true });
    yield* this.#command(this.#python.executable, ['-m', 'venv', this.#dir]);
  }

  /** Torch first and by itself: it is most of the wait, and may come from an index of its own. */
  async *install(
    requirements: { file: string; text: string },
    torchIndex: string | undefined,
  ): AsyncGenerator<BuildEvent> {
    const torch = /^torch==\S+/m.exec(requirements.text)?.[0];
    if (torch !== undefined) {
      yield { type: 'step', index: 2, of: STEPS, title: `${torch} (the largest package)` };
      yield* this.#pip([...(torchIndex === undefined ? [] : ['--index-url', torchIndex]), torch]);
    }
    yield { type: 'step', index: 3, of: STEPS, title: 'the other packages' };
    yield* this.#pip(['-r', requirements.file]);
  }

  async *finish(sha256: string, device: Device): AsyncGenerator<BuildEvent, TrainEnv> {
    yield { type: 'step', index: 4, of: STEPS, title: 'check' };
    const { packages, cuda } = await this.#inspect();
    if (device === 'cuda' && !cuda) {
      throw new FoilError('no-cuda', `torch ${packages['torch'] ?? '?'} in the new environment sees no CUDA device`, {
        where: { file: this.#log },
        remedy: [
          'check `nvidia-smi`, and that the driver fits this torch',
          'name an index with CUDA builds of torch with --torch-index URL, or build for the CPU with --device cpu',
        ],
      });
    }
    const mark = {
      requirements: sha256,
      python: this.#python.version,
      device,
      built: new Date().toISOString(),
      packages,
    };
    const file = join(this.#dir, MARK);
    await writeFile(`${file}.new`, `${JSON.stringify(mark, null, 2)}\n`, { flush: true });
    await rename(`${file}.new`, file);
    return { ...mark, dir: this.#dir, executable: this.#executable };
  }

  #pip(what: readonly string[]): AsyncGenerator<BuildEvent> {
    return this.#command(this.#executable, ['-m', 'pip', 'install', '--progress-bar', 'off', '--no-input', ...what]);
  }

  /** Runs to the end, passing on what it prints, which `install.log` keeps. */
  async *#command(file: string, args: readonly string[]): AsyncGenerator<BuildEvent> {
    const { execa } = await import('execa');
    const tail: string[] = [];
    await appendFile(this.#log, `$ ${[file, ...args].join(' ')}\n`);
    const child = execa(file, args, {
      all: true,
      stdin: 'ignore',
      buffer: false,
      reject: false,
      cancelSignal: this.#signal,
      env: CLEAN_ENV,
    });
    for await (const line of child.iterable({ from: 'all' })) {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      await appendFile(this.#log, `${line}\n`);
      yield { type: 'line', text: line };
    }
    const { exitCode, originalMessage } = await child;
    this.#signal.throwIfAborted();
    if (exitCode !== 0) throw pipFailure(originalMessage && tail.length === 0 ? [originalMessage] : tail, this.#log);
  }

  async #inspect(): Promise<z.infer<typeof inspectionSchema>> {
    const { execa } = await import('execa');
    const result = await execa(this.#executable, ['-c', INSPECT], {
      reject: false,
      all: true,
      cancelSignal: this.#signal,
      env: CLEAN_ENV,
    });
    this.#signal.throwIfAborted();
    const line = result.stdout.split('\n').at(-1) ?? '';
    if (result.exitCode === 0) return inspectionSchema.parse(JSON.parse(line));
    throw new FoilError('broken-env', `the new environment does not work: ${result.all.split('\n').at(-1)}`, {
      where: { file: this.#log },
      remedy: `delete ${this.#dir} and run the same command again`,
    });
  }
}

const inspectionSchema = z.object({ packages: z.record(z.string(), z.string()), cuda: z.boolean() });

const INSPECT = `import importlib.metadata, importlib.util, json
cuda = False
if importlib.util.find_spec("torch"):
    import torch
    cuda = torch.cuda.is_available()
print(json.dumps({"packages": {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions()}, "cuda": cuda}))`;

/** A user's own Python settings would leak packages into the environment, or install past it. */
const CLEAN_ENV = {
  PYTHONPATH: undefined,
  PYTHONHOME: undefined,
  PIP_USER: undefined,
  PIP_TARGET: undefined,
  PIP_PREFIX: undefined,
  PYTHONNOUSERSITE: '1',
  PYTHONUNBUFFERED: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
};

/** Whether nvidia-smi lists a GPU. */
export async function hasGpu(signal: AbortSignal): Promise<boolean> {
  const { execa } = await import('execa');
  const { stdout, exitCode } = await execa('nvidia-smi', ['-L'], {
    reject: false,
    timeout: 10_000,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  return exitCode === 0 && /^GPU \d/m.test(stdout ?? '');
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw new FoilError('no-write', `cannot create ${dir}: ${cause instanceof Error ? cause.message : cause}`, {
      remedy: ['name another folder with --dir DIR', 'or set XDG_CACHE_HOME to a folder you can write to'],
      cause,
    });
  }
}

async function checkSpace(base: string, device: Device): Promise<void> {
  const { bavail, bsize } = await statfs(base);
  const free = bavail * bsize;
  if (free >= NEEDED_BYTES[device]) return;
  throw new FoilError(
    'disk-full',
    `${formatBytes(free)} free in ${dirname(base)}; the environment needs up to ${formatBytes(NEEDED_BYTES[device])}`,
    {
      remedy: ['free some space, or build elsewhere with --dir DIR'],
    },
  );
}
