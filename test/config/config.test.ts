import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveKey } from '../../src/backends/config/keys.ts';
import { loadConfig, parseConfig } from '../../src/backends/config/load.ts';
import { formatError } from '../../src/core/errors.ts';
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

const parse = (text: string) => parseConfig(text, '/w/foil.yaml');

function failure(text: string): Record<string, unknown> {
  try {
    parse(text);
  } catch (error) {
    const { code, message, where, remedy } = error as {
      code: string;
      message: string;
      where: object;
      remedy: string[];
    };
    return { code, message, ...where, remedy: remedy.join('; ') };
  }
  throw new Error('no error');
}

describe('foil.yaml', () => {
  it('is optional', async () => {
    const dir = await testFolder();
    expect(await loadConfig(dir)).toEqual({
      ...{
        servers: {},
        models: {},
        launchers: {},
        roles: {},
        engine: {},
        context_budget: 15_000,
        alternatives: 8,
        max_user_turns: 16,
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
    const { launchers } = parse(`launchers:
  box: { kind: ssh, host: gpu-box, user: me, port: 2222, identity: keys/id, known_hosts: ~/.ssh/hosts, folder: /data/runs, python: /opt/venv/bin/python, base: /data/base }
  cluster: { kind: slurm, args: [--partition=gpu, "--gres=gpu:h100:8", --array=0-3], python: python3.12 }
  ray: { kind: ray, address: "https://ray.example:8265", key_env: RAY_TOKEN, resources: { chip: 0.5 } }
`);
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

  const server = 'servers:\n  a: { base_url: "http://h/v1" }\n';
  it.each([
    [
      'an unknown key',
      'alternatives: 4\ncontext_buget: 9\n',
      { line: 2, field: 'context_buget', remedy: /did you mean "context_budget"/ },
    ],
    [
      'a key unknown deep inside',
      `models:\n  m:\n    kind: simulator\n    path: p\n    sampling:\n      temprature: 1\n`,
      { line: 6, field: 'models.m.sampling.temprature', remedy: /"temperature"/ },
    ],
    [
      'a key of another kind of model',
      'models:\n  m:\n    kind: chatbot\n    path: p\n    flip: true\n',
      { line: 5, field: 'models.m.flip', remedy: /known here: kind, server/ },
    ],
    [
      'an unknown key beside good ones of engine',
      'engine:\n  threads: 2\n  gpu: 1\n',
      { line: 3, field: 'engine.gpu', remedy: /gguf, threads/ },
    ],
    [
      'a wrong type',
      'engine:\n  threads: "2"\n',
      { line: 2, field: 'engine.threads', message: /must be a number, but is a string/ },
    ],
    [
      'a value out of bounds',
      'max_user_turns: 3\nalternatives: 0\n',
      { line: 2, field: 'alternatives', message: />=1/ },
    ],
    [
      'a missing field',
      'servers:\n  a:\n    timeout_s: 3\n',
      { line: 2, field: 'servers.a.base_url', message: /is missing/ },
    ],
    ['an empty section', 'alternatives: 2\nservers:\n', { line: 2, field: 'servers', message: /is nothing/ }],
    ['a list for a map', 'roles: [a]\n', { line: 1, field: 'roles', message: /is a list/ }],
    [
      'a URL that is none',
      'servers:\n  a:\n    base_url: localhost:8000\n',
      { line: 3, field: 'servers.a.base_url', message: /http\(s\) URL/ },
    ],
    [
      'sampling out of bounds',
      'models:\n  m:\n    kind: chatbot\n    path: p\n    sampling: { temperature: 1,\n      top_p: 7 }\n',
      { line: 6, field: 'models.m.sampling.top_p' },
    ],
    [
      'an unknown kind',
      'models:\n  m:\n    kind: simulater\n',
      { line: 3, field: 'models.m.kind', message: /simulator, chatbot or discriminator/ },
    ],
    ['no kind', 'models:\n  m:\n    path: p\n', { line: 2, field: 'models.m.kind' }],
    [
      'a server that is not there',
      `${server}models:\n  m: { kind: chatbot, server: b, model: x }\n`,
      { line: 4, field: 'models.m.server', remedy: /"a"/ },
    ],
    [
      'no model on a server',
      `${server}models:\n  m: { kind: chatbot, server: a }\n`,
      { line: 4, field: 'models.m.model', message: /missing/ },
    ],
    [
      'a server and a path',
      `${server}models:\n  m: { kind: chatbot, server: a, path: p }\n`,
      { line: 4, field: 'models.m.server' },
    ],
    ['neither', 'models:\n  m: { kind: chatbot }\n', { line: 2, field: 'models.m.server', message: /path/ }],
    [
      'a discriminator without a card',
      `${server}models:\n  m: { kind: discriminator, server: a, model: x }\n`,
      { line: 4, field: 'models.m.card' },
    ],
    [
      'a role of the wrong kind',
      'models:\n  m: { kind: chatbot, path: p }\nroles:\n  simulator: m\n',
      { line: 4, field: 'roles.simulator', message: /is a chatbot, not a simulator/ },
    ],
    [
      'a server called embedded',
      'servers:\n  embedded: { base_url: "http://h/v1" }\n',
      { line: 1, field: 'servers', message: /own engine/ },
    ],
    [
      'an unknown kind of launcher',
      'launchers:\n  far:\n    kind: shh\n',
      { line: 3, field: 'launchers.far.kind', message: /ssh, slurm or ray/ },
    ],
    [
      'a key that a launcher does not have',
      'launchers:\n  far: { kind: ssh, host: h, folder: /runs, python: python3,\n    idenity: key }\n',
      { line: 3, field: 'launchers.far.idenity', remedy: /did you mean "identity"/ },
    ],
    [
      'a launcher without its folder',
      'launchers:\n  far: { kind: ssh, host: h, python: python3 }\n',
      { line: 2, field: 'launchers.far.folder', message: /is missing/ },
    ],
    [
      'a folder that is not absolute there',
      'launchers:\n  far:\n    { kind: ssh, host: h, python: python3, folder: ~/runs }\n',
      { line: 3, field: 'launchers.far.folder', message: /absolute path/ },
    ],
    [
      'a host that is an option',
      'launchers:\n  far: { kind: ssh, host: -oProxyCommand=x, folder: /runs, python: python3 }\n',
      { line: 2, field: 'launchers.far.host', message: /must be a host/ },
    ],
    [
      'an option of sbatch without its name',
      'launchers:\n  far:\n    kind: slurm\n    args: [--qos=high, gpu]\n',
      { line: 4, field: 'launchers.far.args[1]', message: /one option of sbatch/ },
    ],
    [
      'an address with a password',
      'launchers:\n  far:\n    kind: ray\n    address: http://a:secret@h:8265\n',
      { line: 4, field: 'launchers.far.address', message: /without user name or password/ },
    ],
    [
      'a launcher called local',
      'launchers:\n  local: { kind: slurm }\n',
      { line: 1, field: 'launchers', message: /always there/ },
    ],
    ['broken YAML', 'a: 1\nb: [1,\n', { line: 2, message: /not valid YAML/ }],
    ['a key twice', 'alternatives: 1\nalternatives: 2\n', { line: 2, message: /unique/ }],
    ['a tab', 'servers:\n\ta: 1\n', { line: 2, message: /not valid YAML/ }],
    ['an alias to nothing', 'alternatives: *x\n', { message: /not valid YAML/ }],
    ['text', 'hello\n', { line: 1, message: /must be a map/ }],
  ] as [string, string, { line?: number; field?: string; message?: RegExp; remedy?: RegExp }][])(
    '%s: file, line, field and remedy',
    (_, text, { line, field, message, remedy }) => {
      const error = failure(text);
      expect(error).toMatchObject({
        code: 'bad-config',
        file: '/w/foil.yaml',
        ...(line ? { line } : {}),
        ...(field ? { field } : {}),
      });
      expect(error['message']).toMatch(message ?? /./);
      expect(error['remedy']).toMatch(remedy ?? /./);
    },
  );

  it('names the first of several mistakes in the file', () => {
    expect(failure('max_user_turns: 0\nalternatives: x\nfoo: 1\n')).toMatchObject({ line: 1, field: 'max_user_turns' });
    expect(failure('foo: 1\nalternatives: x\n')).toMatchObject({ line: 1, field: 'foo' });
  });

  it('never repeats what may be a key, wherever it was put', () => {
    const secret = 'sk-proj-0123456789abcdef';
    for (const text of [
      `servers:\n  a: { base_url: "http://h/v1", key_env: "${secret}" }`,
      `servers:\n  a: { base_url: "http://h/v1", api_key: "${secret}" }`,
      `servers:\n  a: { base_url: "http://h/v1", ${secret} }`,
      `servers:\n  a: { base_url: "http://user:${secret}@h/v1" }`,
      `servers:\n  a: ${secret}`,
      secret,
    ]) {
      const error = failure(text);
      expect(JSON.stringify(error)).not.toContain(secret);
    }
    expect(failure(`servers:\n  a: { base_url: "http://h/v1", api_key: x }`)['remedy']).toMatch(
      /did you mean "key_env"/,
    );
  });
});

describe('resolveKey', () => {
  const server = (key_env?: string) => ({
    base_url: 'http://h/v1',
    timeout_s: 60,
    dialect: 'openai' as const,
    ...(key_env ? { key_env } : {}),
  });

  it('gives the key of the variable that is named, and null where none is needed', () => {
    expect(resolveKey('s', server('K'), { K: ' secret\n' })).toBe('secret');
    expect(resolveKey('s', server(), {})).toBeNull();
  });

  it('names the variable that is missing or empty, and no value', () => {
    for (const env of [{}, { K: '' }, { K: '  ' }]) {
      let text = '';
      try {
        resolveKey('s', server('K'), { ...env, OTHER: 'secret' }, '/w/foil.yaml');
      } catch (error) {
        expect(error).toMatchObject({
          code: 'key-missing',
          where: { file: '/w/foil.yaml', field: 'servers.s.key_env' },
        });
        text = formatError(error);
      }
      expect(text).toMatch(/"s" needs a key, but the variable K is/);
      expect(text).toContain('export K=');
      expect(text).not.toContain('secret');
    }
  });
});
