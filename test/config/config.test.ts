import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/backends/config/load.ts';
import { testFolder } from '../fixtures/sessions.ts';

const FULL = `servers:
  my-vllm: { base_url: "http://127.0.0.1:8000/v1", key_env: MY_KEY, timeout_s: 30, dialect: vllm }
models:
  gpt-user: { kind: simulator, server: my-vllm, model: org/name, flip: false, system: "Be brief.", end: "[END]", sampling: { temperature: 1.0, top_p: 0.95 } }
  my-bot: { kind: chatbot, server: my-vllm, model: org/name }
  my-disc: { kind: discriminator, server: my-vllm, model: disc-it0, card: models/disc }
  my-lora: { kind: simulator, path: adapters/it0 }
roles: { simulator: gpt-user, chatbot: my-bot, discriminator: my-disc }
engine: { gguf: base.gguf, threads: 2 }
context_budget: 8000
alternatives: 4
max_user_turns: 12
`;

describe('foil.yaml', () => {
  it('is optional', async () => {
    const dir = await testFolder();
    expect(await loadConfig(dir)).toEqual({
      ...{
        servers: {},
        models: {},
        launchers: {},
        roles: {},
        chatbots: {},
        engine: { keep_replies: true },
        context_budget: 15_000,
        alternatives: 8,
        max_user_turns: 16,
        min_user_turns: 3,
        budget: {},
        file: null,
      },
    });
    await writeFile(join(dir, 'foil.yaml'), '# nothing yet\n');
    expect(await loadConfig(dir)).toMatchObject({ alternatives: 8, file: join(dir, 'foil.yaml') });
  });

  it('is read whole, with paths that count from its folder', async () => {
    const dir = await testFolder();
    await writeFile(join(dir, 'foil.yaml'), FULL);
    const config = await loadConfig(dir);
    expect(config).toMatchObject({
      servers: {
        'my-vllm': { base_url: 'http://127.0.0.1:8000/v1', key_env: 'MY_KEY', timeout_s: 30, dialect: 'vllm' },
      },
      roles: { simulator: 'gpt-user', chatbot: 'my-bot', discriminator: 'my-disc' },
      engine: { gguf: join(dir, 'base.gguf'), threads: 2 },
      ...{ context_budget: 8000, alternatives: 4, max_user_turns: 12 },
    });
    expect(config.models).toMatchObject({
      'gpt-user': {
        kind: 'simulator',
        flip: false,
        system: 'Be brief.',
        end: '[END]',
        sampling: { temperature: 1, top_p: 0.95 },
      },
      'my-bot': { kind: 'chatbot', system: null, sampling: {} },
      'my-disc': { card: join(dir, 'models/disc') },
      'my-lora': { flip: true, path: join(dir, 'adapters/it0') },
    });
  });

  it('names launchers, with paths of this machine from its folder and paths there as they stand', () => {
    const { launchers } = parseConfig(
      `launchers:
  box: { kind: ssh, host: gpu-box, user: me, port: 2222, identity: keys/id, known_hosts: ~/.ssh/hosts, folder: /data/runs, python: /opt/venv/bin/python, base: /data/base }
  cluster: { kind: slurm, args: [--partition=gpu, "--gres=gpu:h100:8", --array=0-3], python: python3.12 }
  ray: { kind: ray, address: "https://ray.example:8265", key_env: RAY_TOKEN, resources: { chip: 0.5 } }
`,
      '/w/foil.yaml',
    );
    expect(launchers).toEqual({
      box: {
        ...{
          kind: 'ssh',
          host: 'gpu-box',
          user: 'me',
          port: 2222,
          identity: '/w/keys/id',
          known_hosts: '~/.ssh/hosts',
        },
        ...{ folder: '/data/runs', python: '/opt/venv/bin/python', base: '/data/base', share: true },
      },
      cluster: { kind: 'slurm', args: ['--partition=gpu', '--gres=gpu:h100:8', '--array=0-3'], python: 'python3.12' },
      ray: { kind: 'ray', address: 'https://ray.example:8265', key_env: 'RAY_TOKEN', resources: { chip: 0.5 } },
    });
  });

  it('that is not UTF-8 is refused', async () => {
    const dir = await testFolder();
    await writeFile(join(dir, 'foil.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xff]));
    await expect(loadConfig(dir)).rejects.toMatchObject({
      code: 'bad-config',
      where: { file: join(dir, 'foil.yaml') },
    });
  });
});
