import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, copyFile, cp, link, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { RUN_FILES, type RunInput } from '../../core/stage/run.ts';
import type { AdapterFolder } from '../registry/cards.ts';
import { packageFolder } from './table.ts';

/** sha256 of a file in hex, and its lines. */
export async function digestOf(file: string): Promise<{ sha256: string; lines: number }> {
  const hash = createHash('sha256');
  let lines = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return { sha256: hash.digest('hex'), lines };
}

/** sha256 over the names and contents of the files of a folder. */
async function digestOfFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.toSorted()) {
    hash.update(`${relative(folder, file)}\n${(await digestOf(file)).sha256}\n`);
  }
  return hash.digest('hex');
}

/** The folder's inputs; what is put there is named relative to the run's folder. */
export class Inputs {
  readonly folder: string;
  readonly taken: Record<string, RunInput> = {};

  constructor(run: string) {
    this.folder = join(run, RUN_FILES.inputs);
  }

  /** Where an input goes, and its name in the spec. */
  place(name: string): { file: string; name: string } {
    return { file: join(this.folder, name), name: `${RUN_FILES.inputs}/${name}` };
  }

  /** Notes what was written to `place(name)`. */
  async note(key: string, name: string, source: string, licences: readonly string[] = []): Promise<RunInput> {
    const { sha256, lines } = await digestOf(join(this.folder, name));
    const rows = name.endsWith('.jsonl') ? lines : null;
    const input = { file: `${RUN_FILES.inputs}/${name}`, sha256, source, rows, licences: [...licences] };
    this.taken[key] = input;
    return input;
  }

  /** A copy of somebody's file: a link would change when they change it. */
  async copy(key: string, file: string, name: string, source: string): Promise<RunInput> {
    await mkdir(this.folder, { recursive: true });
    try {
      await copyFile(file, join(this.folder, name), constants.COPYFILE_FICLONE);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new FoilError('no-file', `${basename(file)} is not there`, { where: { file }, remedy: 'check its path' });
    }
    return await this.note(key, name, source);
  }

  /** An input of another run, whose inputs never change. @throws FoilError `inputs-changed` if it did all the same. */
  async share(key: string, run: string, input: RunInput): Promise<RunInput> {
    const from = join(run, input.file);
    const name = basename(input.file);
    await mkdir(this.folder, { recursive: true });
    await link(from, join(this.folder, name)).catch(() => copyFile(from, join(this.folder, name)));
    const taken = await this.note(key, name, input.source, input.licences);
    if (taken.sha256 === input.sha256) return taken;
    throw new FoilError('inputs-changed', `${basename(from)} is not the file that the run was trained on`, {
      where: { file: from },
      remedy: 'name the rows anew, by a corpus or a file',
    });
  }

  /** The package of the stages: a run goes on with the code that it was started with, wherever it runs. */
  async code(): Promise<void> {
    const target = join(this.folder, 'foil_train');
    const keep = (path: string) => !path.includes('__pycache__') && !path.endsWith('.pyc');
    await cp(packageFolder(), target, { recursive: true, filter: keep });
    this.taken['code'] = {
      file: `${RUN_FILES.inputs}/foil_train`,
      sha256: await digestOfFolder(target),
      source: 'foil_train',
      rows: null,
      licences: [],
    };
  }

  /** A trained adapter in PEFT's form, with its card. */
  async adapter({ dir, card }: AdapterFolder): Promise<string> {
    const target = join(this.folder, 'adapter');
    await mkdir(target, { recursive: true });
    for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'card.json']) {
      if (!(await stat(join(dir, name)).catch(() => null))) {
        throw new FoilError('no-file', `the adapter ${card.name} has no ${name}: it cannot be trained further`, {
          where: { file: join(dir, name) },
          remedy: 'export it again, or name another simulator',
        });
      }
      await copyFile(join(dir, name), join(target, name));
    }
    this.taken['adapter'] = {
      file: `${RUN_FILES.inputs}/adapter`,
      sha256: (await digestOf(join(target, 'adapter_model.safetensors'))).sha256,
      source: card.name,
      rows: null,
      licences: card.licence ? [card.licence] : [],
    };
    return `${RUN_FILES.inputs}/adapter`;
  }
}
