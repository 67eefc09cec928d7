import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { cardOf, writeAdapter } from '../registry/fixtures.ts';

const FAKE = fileURLToPath(new URL('./fake-vllm.mjs', import.meta.url));

/** A workspace with three adapters, a base in Hugging Face form, and a `vllm` on PATH. */
export interface Bench {
  readonly workspace: string;
  readonly base: string;
  /** What the stand-in saw of its start: {argv, env, cwd}. */
  readonly seen: string;
  /** Bodies of its chat requests, a line each. */
  readonly asked: string;
}

/** An adapter with a card, as the export writes it, and the PEFT form that vLLM reads; other `weights` are another adapter. */
export async function writePeft(parent: string, name: string, kind: string, weights = name, rank = 8): Promise<string> {
  const dir = await writeAdapter(parent, name, cardOf(name, kind));
  await writeFile(join(dir, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: rank, lora_alpha: 16 }));
  await writeFile(join(dir, 'adapter_model.safetensors'), createHash('sha256').update(weights).digest());
  return dir;
}

/** @param installed false: no `vllm` can be found. */
export async function openBench(installed = true): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), 'foil-vllm-'));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const [workspace, base, bin] = [join(root, 'workspace'), join(root, 'tiny'), join(root, 'bin')];
  for (const dir of [workspace, base, bin]) await mkdir(dir);
  await writeFile(join(base, 'config.json'), '{}');
  const models = join(workspace, 'models');
  await writePeft(models, 'sim', 'simulator');
  await writePeft(models, 'bot', 'chatbot');
  await writePeft(models, 'disc', 'discriminator');
  await chmod(FAKE, 0o755);
  if (installed) await symlink(FAKE, join(bin, 'vllm'));
  const [seen, asked] = [join(root, 'seen.json'), join(root, 'asked.jsonl')];
  // the node of this test runs the stand-in too
  vi.stubEnv('PATH', `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`);
  vi.stubEnv('FAKE_VLLM_SEEN', seen);
  vi.stubEnv('FAKE_VLLM_ASKED', asked);
  return { workspace, base, seen, asked };
}
