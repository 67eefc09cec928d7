import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/backends/config/load.ts';

function failure(text: string): Record<string, unknown> {
  try {
    parseConfig(text, '/w/foil.yaml');
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

describe('a mistake in foil.yaml', () => {
  const server = 'servers:\n  a: { base_url: "http://h/v1" }\n';
  it.each([
    [
      'an unknown key',
      'alternatives: 4\ncontext_buget: 9\n',
      { line: 2, field: 'context_buget', remedy: /did you mean "context_budget"/ },
    ],
    [
      'a misspelt key, before the one that is therefore missing',
      'servers:\n  a:\n    base_ulr: "http://h/v1"\n',
      { line: 3, field: 'servers.a.base_ulr', remedy: /did you mean "base_url"/ },
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
