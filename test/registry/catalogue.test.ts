import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatError } from '../../src/core/errors.ts';
import type { ModelEntry } from '../../src/core/ports.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { cardOf, FakeEngine, registryOf, writeAdapter } from './fixtures.ts';

const SIGNAL = new AbortController().signal;
const SERVER = 'servers:\n  far: { base_url: "http://127.0.0.1:9/v1", key_env: FAR_KEY }\n';

const lines = (entries: readonly ModelEntry[]) =>
  entries.map(({ name, kind, server, unavailable }) => [name, kind, server, unavailable === null]);

async function textOf(promise: Promise<unknown>): Promise<string> {
  return formatError(await promise.then(() => new Error('no error')).catch((error: unknown) => error));
}

describe('the list of models', () => {
  it('has the base in both seats, even with nothing else', async () => {
    expect(lines(await registryOf().list())).toEqual([
      ['zero-shot', 'simulator', 'embedded', true],
      ['zero-shot', 'chatbot', 'embedded', true],
    ]);
    expect(lines(await registryOf({ modelDirs: ['/no/such/folder'] }).list())).toHaveLength(2);
  });

  it('has adapters of both folders, those that foil.yaml names by path, and models of servers', async () => {
    const [shipped, workspace] = [await testFolder(), await testFolder()];
    await writeAdapter(shipped, 'a', cardOf('sim', 'simulator'));
    await writeAdapter(shipped, 'b', cardOf('disc', 'discriminator'));
    await writeAdapter(workspace, 'c', cardOf('bot', 'chatbot'));
    await writeAdapter(join(workspace, 'elsewhere'), 'd', cardOf('its-own-name', 'simulator'));
    await writeFile(join(workspace, 'notes.txt'), 'not an adapter');
    await mkdir(join(workspace, 'empty'));
    const yaml = `${SERVER}models:
  mine: { kind: simulator, path: elsewhere/d, licence: secret }
  file: { kind: simulator, path: elsewhere/d/adapter.gguf }
  far-bot: { kind: chatbot, server: far, model: org/x, licence: MIT }
`;
    const registry = registryOf({ yaml, cwd: workspace, modelDirs: [shipped, workspace] }, { FAR_KEY: 'k' });
    const entries = await registry.list();
    expect(lines(entries).slice(2)).toEqual([
      ['sim', 'simulator', 'embedded', true],
      ['disc', 'discriminator', 'embedded', true],
      ['bot', 'chatbot', 'embedded', true],
      ['mine', 'simulator', 'embedded', true],
      ['file', 'simulator', 'embedded', true],
      ['far-bot', 'chatbot', 'far', true],
    ]);
    expect(Object.fromEntries(entries.map(({ name, licence }) => [name, licence]))).toMatchObject({
      ...{ sim: 'CC0-1.0', mine: 'secret', file: 'CC0-1.0', 'far-bot': 'MIT' },
    });
    expect(entries.find(({ name }) => name === 'far-bot')?.summary).toBe('org/x on far');
    expect(await registry.card('mine')).toMatchObject({ dir: join(workspace, 'elsewhere/d') });
    expect(await registry.card('far-bot')).toBeNull();
  });

  it('follows links: weights often stand on another disk', async () => {
    const [parent, other] = [await testFolder(), await testFolder()];
    await symlink(await writeAdapter(other, 'a', cardOf('sim', 'simulator')), join(parent, 'link'));
    expect(lines(await registryOf({ modelDirs: [parent] }).list())).toContainEqual([
      'sim',
      'simulator',
      'embedded',
      true,
    ]);
  });

  it('has one line for a name: the workspace before what ships, foil.yaml before both', async () => {
    const [shipped, workspace] = [await testFolder(), await testFolder()];
    await writeAdapter(shipped, 'a', cardOf('sim', 'simulator'));
    const own = await writeAdapter(workspace, 'a', cardOf('sim', 'simulator'));
    const modelDirs = [shipped, workspace];
    expect(await registryOf({ modelDirs }).card('sim')).toMatchObject({ dir: own });
    const yaml = `${SERVER}models:\n  sim: { kind: simulator, server: far, model: x }\n  zero-shot: { kind: chatbot, server: far, model: y }\n`;
    expect(lines(await registryOf({ yaml, modelDirs }, { FAR_KEY: 'k' }).list())).toEqual([
      ['zero-shot', 'simulator', 'embedded', true],
      ['zero-shot', 'chatbot', 'far', true],
      ['sim', 'simulator', 'far', true],
    ]);
  });

  it('says which variable a server still needs, and never what is in it', async () => {
    const yaml = `${SERVER}models:\n  far-bot: { kind: chatbot, server: far, model: x }\n`;
    const bot = async (env: Record<string, string>) => (await registryOf({ yaml }, env).list()).at(-1);
    expect((await bot({}))?.unavailable).toContain('FAR_KEY is not set');
    expect((await bot({ FAR_KEY: ' ' }))?.unavailable).toContain('FAR_KEY is empty');
    expect(JSON.stringify(await bot({ FAR_KEY: 'hush' }))).not.toContain('hush');
    expect(await textOf(registryOf({ yaml }).chatModel('far-bot', 'chatbot', SIGNAL))).toMatch(
      /FAR_KEY.*export FAR_KEY/s,
    );
  });
});

describe('a broken card', () => {
  it('is shown with its name, kind and what is wrong, and hides no other', async () => {
    const parent = await testFolder();
    await writeAdapter(parent, 'a', cardOf('no-stop', 'discriminator', { stop: undefined }));
    await writeAdapter(parent, 'b', '{"name": "torn", "kind": "chat');
    await writeAdapter(parent, 'c', cardOf('sim', 'simulator'));
    await mkdir(join(parent, 'peft'));
    await writeFile(join(parent, 'peft', 'adapter_config.json'), '{}');
    const registry = registryOf({ modelDirs: [parent] });
    const entries = (await registry.list()).filter(({ name }) => name !== 'zero-shot');
    expect(lines(entries)).toEqual([
      ['sim', 'simulator', 'embedded', true],
      ['no-stop', 'discriminator', 'embedded', false],
      ['b', 'simulator', 'embedded', false],
      ['peft', 'simulator', 'embedded', false],
    ]);
    expect(entries[1]?.unavailable).toMatch(/card is not valid: it is missing: .*card\.json, field stop/);
    expect(entries[2]?.unavailable).toMatch(/not JSON: .*b.card\.json/);
    const used = await textOf(registry.discriminator('no-stop', SIGNAL));
    expect(used).toMatch(/card\.json, field stop: the model card is not valid.*→ export/s);
  });

  it('of the workspace is not replaced unnoticed by the adapter that ships under its name', async () => {
    const [shipped, workspace] = [await testFolder(), await testFolder()];
    await writeAdapter(shipped, 'sim', cardOf('sim', 'simulator'));
    await writeAdapter(workspace, 'sim', cardOf('sim', 'simulator', { template: {} }));
    const registry = registryOf({ modelDirs: [shipped, workspace] });
    expect(lines(await registry.list())).toContainEqual(['sim', 'simulator', 'embedded', false]);
    expect(lines(await registry.list())).toHaveLength(3);
    expect(await textOf(registry.chatModel('sim', 'simulator', SIGNAL))).toContain('template');
  });

  it('that has the name of another in the same folder is told apart from it', async () => {
    const parent = await testFolder();
    await writeAdapter(parent, 'a', cardOf('it0', 'simulator'));
    await writeAdapter(parent, 'b', cardOf('it0', 'discriminator'));
    const entries = (await registryOf({ modelDirs: [parent] }).list()).filter(({ name }) => name === 'it0');
    expect(lines(entries)).toEqual([
      ['it0', 'simulator', 'embedded', true],
      ['it0', 'discriminator', 'embedded', false],
    ]);
    expect(entries[1]?.unavailable).toMatch(/two adapters are called "it0"/);
  });

  it('named by foil.yaml is shown under its name there', async () => {
    const cwd = await testFolder();
    await writeAdapter(cwd, 'disc', cardOf('disc', 'discriminator'));
    const yaml = 'models:\n  gone: { kind: chatbot, path: nowhere }\n  odd: { kind: simulator, path: disc }\n';
    const registry = registryOf({ yaml, cwd });
    expect(lines(await registry.list()).slice(2)).toEqual([
      ['gone', 'chatbot', 'embedded', false],
      ['odd', 'simulator', 'embedded', false],
    ]);
    expect(await textOf(registry.chatModel('gone', 'chatbot', SIGNAL))).toMatch(
      /nowhere.card\.json: there is no model card/,
    );
    expect(await textOf(registry.chatModel('odd', 'simulator', SIGNAL))).toMatch(
      /foil\.yaml, field models\.odd\.kind: "odd" is a simulator in foil\.yaml, but a discriminator in its card/,
    );
  });
});

describe('a name that nothing has', () => {
  it('lists those of its kind, and starts no engine', async () => {
    const parent = await testFolder();
    await writeAdapter(parent, 'a', cardOf('supporter', 'chatbot'));
    const engine = new FakeEngine('http://127.0.0.1:9/v1');
    const registry = registryOf({ modelDirs: [parent], engine });
    expect(await textOf(registry.chatModel('suporter', 'chatbot', SIGNAL))).toMatch(
      /no chatbot is called "suporter".*did you mean "supporter".*known: zero-shot, supporter/s,
    );
    expect(await textOf(registry.chatModel('supporter', 'simulator', SIGNAL))).toMatch(
      /"supporter": it is a chatbot.*zero-shot/s,
    );
    expect(await textOf(registry.discriminator('x', SIGNAL))).toMatch(/no discriminator is called "x".*foil\.yaml/s);
    expect(engine.starts).toBe(0);
  });
});
