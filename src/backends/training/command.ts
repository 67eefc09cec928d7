import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_FILES, type RunRequest } from '../../core/stage/run.ts';

/** Settings of `accelerate`, in the run's folder: those of the user's own cache must not leak in. */
const ACCELERATE = `${RUN_FILES.inputs}/accelerate.json`;

/**
 * FSDP2 in bf16, each layer gathered for its own pass and put away again: what fits 70B and LoRA on 8 GPUs of 80 GB. FSDP1
 * crashes on fp32 adapters over a bf16 base. A full state dict keeps checkpoints and adapters what one GPU would write.
 */
export function accelerateSettings(gpus: number): object {
  return {
    compute_environment: 'LOCAL_MACHINE',
    distributed_type: 'FSDP',
    mixed_precision: 'bf16',
    num_machines: 1,
    num_processes: gpus,
    machine_rank: 0,
    // any free one, so that two runs on one machine do not meet
    main_process_port: 0,
    same_network: true,
    use_cpu: false,
    fsdp_config: {
      fsdp_version: 2,
      fsdp_auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
      fsdp_reshard_after_forward: true,
      fsdp_state_dict_type: 'FULL_STATE_DICT',
      fsdp_cpu_ram_efficient_loading: true,
      fsdp_offload_params: false,
    },
  };
}

export async function writeAccelerateSettings(folder: string, gpus: number): Promise<void> {
  if (gpus > 1) await writeFile(join(folder, ACCELERATE), `${JSON.stringify(accelerateSettings(gpus), null, 1)}\n`);
}

/** The command of a run, for its folder: one process, or `accelerate` with one a GPU. */
export function stageCommand(
  python: string,
  { stage, resources }: Pick<RunRequest, 'stage' | 'resources'>,
  options: { readonly resume: boolean },
): string[] {
  const module = ['-m', 'foil_train', stage];
  const files = ['--spec', RUN_FILES.spec, '--out', RUN_FILES.output, '--events', RUN_FILES.events];
  const launch =
    resources.gpus > 1 ? ['-m', 'accelerate.commands.launch', '--config_file', ACCELERATE, ...module] : module;
  return [python, ...launch, ...files, ...(options.resume ? ['--resume'] : [])];
}

/** No stage reaches out to a hub, and each takes as many threads as it was given. */
export function stageEnvironment(threads: number): Record<string, string> {
  return {
    PYTHONPATH: RUN_FILES.inputs,
    PYTHONUNBUFFERED: '1',
    PYTHONNOUSERSITE: '1',
    // a folder of inputs is as it was written
    PYTHONDONTWRITEBYTECODE: '1',
    HF_HUB_OFFLINE: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    TOKENIZERS_PARALLELISM: 'false',
    OMP_NUM_THREADS: String(threads),
  };
}
