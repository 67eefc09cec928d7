import { FoilError } from '../../core/errors.ts';
import type { JobReport } from '../../core/stage/launcher.ts';
import { safeText } from '../../core/text/safe.ts';
import { NOT_INSTALLED } from './command.ts';

/** How many of the log's last lines an error repeats: a Python traceback ends in what matters. */
const LINES = 12;

/** What vLLM says when it cannot start, and what can be done. The first that the log's end matches counts. */
const KNOWN: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/address already in use/iu, 'its port is taken: give another with --port'],
  [
    /out of memory|No available memory for the cache blocks|free memory on device/iu,
    'other programs use the GPU, or the base is too big: --vllm-arg=--gpu-memory-utilization=0.5, --tensor-parallel 2, or --vllm-arg=--max-model-len=8192',
  ],
  [
    /unrecognized arguments/iu,
    'this vLLM does not know an argument: Foil was made for 0.33; install that or a newer one',
  ],
  [
    /Failed to infer device type|No CUDA GPUs|no CUDA-capable device|NVML/iu,
    'vLLM found no GPU: choose a machine that has one with --launcher NAME',
  ],
  [
    /LoRA rank \d+ is greater than max_lora_rank/iu,
    'an adapter has a higher rank than this vLLM was started for: start it with that model named',
  ],
];

/** The job ended before it answered, or afterwards. `tail`: the last lines of its log. */
export function ended(report: JobReport, tail: readonly string[], log: string): FoilError {
  if (report.code === NOT_INSTALLED) {
    return new FoilError('vllm-missing', `there is no vLLM${report.host === null ? '' : ` on ${report.host}`}`, {
      where: { file: log },
      remedy: [
        'install it in an environment of its own on the machine with the GPU: python3 -m venv ~/vllm && ~/vllm/bin/pip install vllm',
        'and put that on PATH, or name its Python: launchers.NAME.python in foil.yaml',
      ],
    });
  }
  const lines = tail.slice(-LINES).map((line) => safeText(line.slice(0, 300)));
  const text = tail.join('\n');
  const known = KNOWN.find(([pattern]) => pattern.test(text));
  return new FoilError('vllm-ended', [`vLLM ${how(report)}`, ...lines.map((line) => `  ${line}`)].join('\n'), {
    where: { file: log },
    remedy: [...(known ? [known[1]] : []), 'correct what the log names, then start it again'],
  });
}

function how({ state, code, signal, reason }: JobReport): string {
  const why = reason === null ? '' : ` (${reason})`;
  if (state === 'cancelled') return `was cancelled${why}`;
  if (state === 'lost') return `is lost${why}`;
  if (signal !== null) return `was ended by ${signal}`;
  return code === null ? `has ended${why}` : `ended with code ${code}`;
}
