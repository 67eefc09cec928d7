import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';

/** Oldest Python that the pinned packages install on: numpy 2.4 and pandas 3 need 3.11. */
export const OLDEST_PYTHON = [3, 11] as const;

const probeSchema = z.object({
  executable: z.string(),
  version: z.tuple([z.number(), z.number(), z.number()]),
  venv: z.boolean(),
  ensurepip: z.boolean(),
});

/** An interpreter that was asked about itself. `problem`: why no environment can be built with it; null if one can. */
export interface Python {
  readonly executable: string;
  readonly version: string;
  readonly problem: 'too-old' | 'no-venv' | null;
}

const PROBE = `import importlib.util, json, sys
found = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({"executable": sys.executable, "version": list(sys.version_info[:3]), "venv": found("venv"), "ensurepip": found("ensurepip")}))`;

/** Asks `command` (a name on the PATH or a file) what it is; null if it does not run or is no Python 3. */
export async function probePython(command: string, signal: AbortSignal): Promise<Python | null> {
  const { execa } = await import('execa');
  const result = await execa(command, ['-c', PROBE], {
    reject: false,
    timeout: 20_000,
    cancelSignal: signal,
    stdin: 'ignore',
  });
  signal.throwIfAborted();
  if (result.exitCode !== 0) return null;
  const parsed = probeSchema.safeParse(parseJson(result.stdout));
  if (!parsed.success) return null;
  const { executable, version, venv, ensurepip } = parsed.data;
  const [major, minor] = version;
  const old = major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1]);
  return { executable, version: version.join('.'), problem: old ? 'too-old' : venv && ensurepip ? null : 'no-venv' };
}

/**
 * The Python to build with: the given one, else the first on the PATH that can. Throws FoilError if there is none, with
 * the reason of the most capable one that was found.
 */
export async function findPython(choice: string | undefined, signal: AbortSignal): Promise<Python> {
  const commands = choice === undefined ? ['python3', 'python', 'python3.13', 'python3.12', 'python3.11'] : [choice];
  let rejected: Python | null = null;
  for (const command of commands) {
    const python = await probePython(command, signal);
    if (python?.problem === null) return python;
    if (python && (rejected === null || rejected.problem === 'too-old')) rejected = python;
  }
  throw pythonError(choice, rejected);
}

/** What to tell a researcher whose Python cannot build the training environment. */
export function pythonError(choice: string | undefined, rejected: Python | null): FoilError {
  const oldest = OLDEST_PYTHON.join('.');
  const without = 'chatting, scoring and the shipped models need no Python; only training does';
  if (rejected === null) {
    return new FoilError(
      'no-python',
      choice === undefined ? 'no Python 3 on the PATH' : `${choice} is not a Python 3 that runs`,
      {
        remedy: [`install Python ${oldest} or newer, or name one with --python PATH`, without],
      },
    );
  }
  if (rejected.problem === 'too-old') {
    return new FoilError(
      'python-too-old',
      `${rejected.executable} is Python ${rejected.version}; training needs ${oldest} or newer`,
      {
        remedy: ['install a newer Python and name it with --python PATH', without],
      },
    );
  }
  const [major, minor] = rejected.version.split('.');
  return new FoilError(
    'no-venv',
    `${rejected.executable} lacks the venv or ensurepip module, so it can build no environment`,
    {
      remedy: [
        `on Debian and Ubuntu: apt-get install python${major}.${minor}-venv`,
        'or name another Python with --python PATH',
        without,
      ],
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
