import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { readRequirements } from '../../src/backends/setup/train-env.ts';

const CARD = {
  schema: 1,
  name: 'NAME',
  kind: 'simulator',
  base: { name: 'base', gguf_sha256: 'a'.repeat(64) },
  adapter: { rank: 8, alpha: 16, gguf_sha256: 'a'.repeat(64) },
  template: { file: 'template.jinja', sha256: 'a'.repeat(64) },
  stop: { turn: '<|im_end|>', session: '<|endoftext|>' },
  ...{ data: null, recipe: null, validation: null, search: [] },
};

/** What stands for `python -m foil_train` in tests of the command: as it is seen from outside, without torch. */
const SCRIPT = `#!/bin/sh
stage=$3; out=output; preflight=; resume=
while [ $# -gt 0 ]; do
  case $1 in --out) out=$2; shift;; --preflight) preflight=1;; --resume) resume=1;; esac
  shift
done
tell() { echo "$1" >> events.jsonl; echo "$1"; }
if [ "$preflight" ]; then
  if grep -q bad inputs/train.jsonl; then
    echo '{"t":1,"event":"failed","kind":"bad-input","message":"no row can be used","remedy":"Mend the rows."}'
    exit 1
  fi
  echo '{"t":1,"event":"preflight","split":"train","rows":2,"used":1,"dropped":1,"why":[{"id":"r2","reason":"too long"}]}'
  exit 0
fi
if [ "$stage" = export ]; then
  mkdir -p "$out"
  name=$(sed -n 's/.*"name": "\\([^"]*\\)",*$/\\1/p' export.json | head -1)
  echo '${JSON.stringify(CARD)}' | sed "s/NAME/$name/" > "$out/card.json"
  echo adapter > "$out/adapter.gguf"
  exit 0
fi
echo "loading on thread $OMP_NUM_THREADS, resume=$resume"
[ "$resume" ] || tell '{"t":2,"event":"step","step":1,"steps":2,"loss":3.25,"eta":9}'
while [ ! -e go ]; do sleep 0.1; done
tell '{"t":3,"event":"step","step":2,"steps":2,"loss":2.5,"eta":0}'
mkdir -p output
tell '{"t":4,"event":"done","stage":"'$stage'"}'
`;

/** An environment of the training stages in a cache of its own, with that script as its Python. */
export async function fakePython(cache: string): Promise<void> {
  vi.stubEnv('XDG_CACHE_HOME', cache);
  const dir = join(cache, 'foil', 'python', 'train-fake');
  await mkdir(join(dir, 'bin'), { recursive: true });
  const { sha256 } = await readRequirements();
  const mark = { requirements: sha256, python: '3.12.0', device: 'cpu', built: '2026-01-01', packages: {} };
  await writeFile(join(dir, '.complete'), JSON.stringify(mark));
  await writeFile(join(dir, 'bin', 'python'), SCRIPT);
  await chmod(join(dir, 'bin', 'python'), 0o755);
}
