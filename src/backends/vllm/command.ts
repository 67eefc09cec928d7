import { FoilError } from '../../core/errors.ts';
import type { VllmState } from './state.ts';

/** What of a model vLLM needs: its name, its adapter in the job's folder, and the adapter's rank. */
export interface ServedAdapter {
  readonly name: string;
  /** Relative to the job's folder. */
  readonly path: string;
  readonly rank: number;
}

/** Files of the job's folder that the command names. */
export const INPUTS = {
  script: 'inputs/serve.sh',
  key: 'inputs/key',
  template: 'inputs/template.jinja',
  adapters: 'inputs/adapters',
} as const;

/** Exit code of `serve.sh` where there is no vLLM. */
export const NOT_INSTALLED = 127;

/**
 * Starts vLLM with its key in the environment: an argument would show in ps, and a launcher may keep the environment that it
 * is given in a file or show it in a scheduler's queue. $1: a folder to look for `vllm` in before PATH, or nothing.
 */
export const SERVE_SCRIPT = `[ -z "$1" ] || PATH="$1:$PATH"
shift
command -v "$1" >/dev/null 2>&1 || { echo "$1: not found on PATH" >&2; exit ${NOT_INSTALLED}; }
VLLM_API_KEY=$(cat ${INPUTS.key}) || exit 1
export VLLM_API_KEY PATH
exec "$@"
`;

/**
 * No call leaves the machine: weights are local, and vLLM counts its users unless told not to. Adapters can be loaded while it
 * runs; with a key, that route too asks for it.
 */
export const SERVE_ENV = {
  HF_HUB_OFFLINE: '1',
  TRANSFORMERS_OFFLINE: '1',
  HF_HUB_DISABLE_TELEMETRY: '1',
  VLLM_NO_USAGE_STATS: '1',
  VLLM_DO_NOT_TRACK: '1',
  VLLM_ALLOW_RUNTIME_LORA_UPDATING: 'True',
  PYTHONUNBUFFERED: '1',
} as const;

/** The ranks that vLLM 0.33 can be set to (LoRAConfig.max_lora_rank). */
const RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512];

/** What --max-lora-rank must be for these adapters, with room for one of rank 16 that is adopted later. */
export function maxRank(adapters: readonly ServedAdapter[]): number {
  const highest = Math.max(16, ...adapters.map(({ rank }) => rank));
  const allowed = RANKS.find((rank) => rank >= highest);
  if (allowed !== undefined) return allowed;
  const { name, rank } = adapters.find((adapter) => adapter.rank === highest) as ServedAdapter;
  throw new FoilError('adapter-too-big', `${name} has rank ${rank}; vLLM serves adapters of up to 512`, {
    remedy: 'train it with a lower rank, or merge it into its base and serve that',
  });
}

/** Arguments that would undo what the rest of Foil relies on. */
const OURS = ['api-key', 'host', 'port', 'served-model-name', 'chat-template', 'lora-modules', 'uds', 'root-path'];

/** @throws FoilError `usage` for an argument that only Foil may set; a key on the command line shows in ps. */
export function checkExtra(extra: readonly string[]): void {
  for (const arg of extra) {
    const name = /^--([^=]+)/u.exec(arg)?.[1]?.replaceAll('_', '-');
    if (name === undefined || !OURS.includes(name)) continue;
    throw new FoilError('usage', `--${name} is set by Foil`, {
      remedy: name === 'api-key' ? 'Foil makes a key and gives it to vLLM where ps does not show it' : 'leave it out',
    });
  }
}

/** The whole command of the job. `bin`: folder in which its machine has `vllm`, or null for PATH. */
export function serveCommand(
  state: Pick<VllmState, 'base' | 'port' | 'dtype' | 'tensorParallel'>,
  adapters: readonly ServedAdapter[],
  bin: string | null,
  extra: readonly string[],
): string[] {
  // as JSON, since a name may hold the "=" of vLLM's shorter form
  const modules = adapters.map(({ name, path }) => JSON.stringify({ name, path }));
  return [
    ...['/bin/sh', INPUTS.script, bin ?? ''],
    ...['vllm', 'serve', state.base.path, '--served-model-name', state.base.name],
    ...['--host', '127.0.0.1', '--port', String(state.port)],
    ...['--dtype', state.dtype, '--tensor-parallel-size', String(state.tensorParallel)],
    // else vLLM adds sampling defaults of the base to what Foil sends
    ...['--generation-config', 'vllm'],
    ...['--chat-template', INPUTS.template, '--chat-template-content-format', 'string'],
    ...[
      '--enable-lora',
      '--max-lora-rank',
      String(maxRank(adapters)),
      '--max-loras',
      String(Math.max(4, adapters.length + 1)),
    ],
    ...(modules.length === 0 ? [] : ['--lora-modules', ...modules]),
    '--enable-prefix-caching',
    // a label of the discriminator may be rarer than the 20 likeliest tokens
    '--max-logprobs=-1',
    ...extra,
  ];
}
