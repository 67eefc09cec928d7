import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { jobHandleSchema } from '../../core/stage/launcher.ts';

/** The file by which commands and screens of a workspace find its vLLM; mode 0600, since it holds the token. */
export const vllmStateSchema = z.object({
  schema: z.literal(1),
  /** Id of the job, and name of its folder beside this file. */
  id: z.string(),
  launcher: z.string(),
  /** Null until the launcher has taken the job. */
  handle: jobHandleSchema.nullable(),
  /** The job's command; holds no secret. */
  argv: z.array(z.string()),
  /** Of vLLM on its machine, and of a tunnel's end here. */
  port: z.int().min(1).max(65_535),
  token: z.string().min(32),
  /** Weights on its machine, and the name under which the base without an adapter is asked for. */
  base: z.object({ path: z.string(), name: z.string() }),
  dtype: z.enum(['float16', 'bfloat16']),
  tensorParallel: z.int().min(1),
  /** Models that were asked for, with their adapters' paths in the job's folder. */
  models: z.array(z.object({ name: z.string(), path: z.string() })),
  started: z.string(),
  /** When it first answered, and its version; null while it starts. Models run there only from then on. */
  ready: z.object({ at: z.string(), version: z.string(), window: z.int().positive() }).nullable(),
});
export type VllmState = z.infer<typeof vllmStateSchema>;

/** Where a workspace keeps its vLLM: one at a time. */
export function vllmFiles(workspace: string): { dir: string; state: string; folder: (id: string) => string } {
  const dir = join(workspace, 'vllm');
  return { dir, state: join(dir, 'vllm.json'), folder: (id) => join(dir, id) };
}

/** The state of a workspace's vLLM; null if it has none. @throws FoilError `bad-state` for a file that is none of ours. */
export async function readVllm(workspace: string): Promise<VllmState | null> {
  const file = vllmFiles(workspace).state;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return vllmStateSchema.parse(JSON.parse(text));
  } catch (cause) {
    // the cause would quote the token
    throw new FoilError(
      'bad-state',
      `the state of vLLM cannot be read (${cause instanceof z.ZodError ? 'wrong fields' : 'no JSON'})`,
      {
        where: { file },
        remedy: 'end that vLLM by hand if it runs, then delete the file',
      },
    );
  }
}

/** Writes the state for the owner's eyes only, all at once. */
export async function writeVllm(workspace: string, state: VllmState): Promise<void> {
  const file = vllmFiles(workspace).state;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(`${JSON.stringify(state, null, 1)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

export async function removeVllm(workspace: string): Promise<void> {
  await rm(vllmFiles(workspace).state, { force: true });
}
