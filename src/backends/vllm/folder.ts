import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { fileSha256 } from '../embedded/sha256.ts';
import { diskError } from '../store/disk.ts';
import { INPUTS, SERVE_SCRIPT, type ServedAdapter } from './command.ts';
import { vllmFiles } from './state.ts';

/** The files of a PEFT adapter that vLLM reads. */
const WEIGHTS = 'adapter_model.safetensors';
const CONFIG = 'adapter_config.json';
const peftSchema = z.object({ peft_type: z.literal('LORA'), r: z.int().positive() });

/** An adapter as it will be served: where it stands now, and where it goes in the job's folder. */
export interface AdapterSource extends ServedAdapter {
  readonly dir: string;
}

/**
 * An adapter's folder as vLLM will see it. Its path there is named by its contents, since vLLM keeps the prefix cache of an
 * adapter that is loaded anew from the same path.
 * @throws FoilError `no-peft` if the folder has no PEFT adapter.
 */
export async function adapterSource(name: string, dir: string, signal: AbortSignal): Promise<AdapterSource> {
  const file = join(dir, CONFIG);
  try {
    const { r } = peftSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    const weights = await fileSha256(join(dir, WEIGHTS), { signal });
    const config = await fileSha256(file, { signal });
    return { name, dir, rank: r, path: `${INPUTS.adapters}/${weights.slice(0, 12)}-${config.slice(0, 4)}` };
  } catch (cause) {
    signal.throwIfAborted();
    throw new FoilError('no-peft', `${name} has no LoRA adapter that vLLM can read`, {
      where: { file },
      remedy: `give a folder with ${CONFIG} and ${WEIGHTS}, as \`python -m foil_train export\` writes it`,
      cause,
    });
  }
}

/** Copies an adapter into the job's folder; a copy that stands there is whole. Copies travel, and outlive what they came from. */
export async function placeAdapter(folder: string, { dir, path }: AdapterSource): Promise<void> {
  const target = join(folder, path);
  if (await stat(target).catch(() => null)) return;
  const temporary = `${target}.${process.pid}`;
  try {
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    for (const name of [CONFIG, WEIGHTS]) await copyFile(join(dir, name), join(temporary, name));
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // somebody else brought the same adapter meanwhile
    if (!(await stat(target).catch(() => null))) throw diskError(error, target);
  }
}

/** Makes the job's folder, closed to others, and removes those of jobs before it. Returns its path. */
export async function prepareFolder(
  workspace: string,
  id: string,
  inputs: { readonly token: string; readonly template: string; readonly adapters: readonly AdapterSource[] },
): Promise<string> {
  const { dir, folder: folderOf } = vllmFiles(workspace);
  const folder = folderOf(id);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      if (entry.isDirectory() && /^vllm-\d{8}-/u.test(entry.name)) await rm(join(dir, entry.name), { recursive: true });
    }
    await mkdir(join(folder, INPUTS.adapters), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, INPUTS.key), `${inputs.token}\n`, { mode: 0o600 });
    await writeFile(join(folder, INPUTS.script), SERVE_SCRIPT, { mode: 0o600 });
    await copyFile(inputs.template, join(folder, INPUTS.template));
  } catch (error) {
    throw diskError(error, folder);
  }
  for (const adapter of inputs.adapters) await placeAdapter(folder, adapter);
  return folder;
}
