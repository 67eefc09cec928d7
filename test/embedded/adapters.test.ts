import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testFolder } from '../fixtures/sessions.ts';
import { type Json, serveFake, TEMPLATE } from './fake-server.ts';

const { q4, f16, call, messages } = await serveFake();

describe('models and adapters', () => {
  async function adapter(kind: string, change: (card: Json) => void = () => undefined, gguf = 'lora'): Promise<string> {
    const dir = await testFolder();
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
    const card = {
      schema: 1,
      name: 'x',
      kind,
      base: { name: 'base', gguf_sha256: 'a'.repeat(64) },
      adapter: { rank: 8, alpha: 16, gguf_sha256: sha(gguf) },
      template: { file: 'template.jinja', sha256: sha(TEMPLATE) },
    };
    change(card);
    await writeFile(join(dir, 'adapter.gguf'), gguf);
    await writeFile(join(dir, 'template.jinja'), TEMPLATE);
    await writeFile(join(dir, 'card.json'), JSON.stringify(card));
    return dir;
  }
  const load = (name: string, path: string) => call('/v1/load_lora_adapter', { lora_name: name, lora_path: path });

  test('a simulator runs on the quantised weights, a discriminator on F16, and both can be unloaded', async () => {
    const dir = await adapter('simulator');
    expect((await load('sim', dir)).status).toBe(200);
    expect((await load('disc', await adapter('discriminator'))).status).toBe(200);
    expect(q4.opened.at(-1)?.lora).toBe(join(dir, 'adapter.gguf'));
    expect(f16.opened.at(-1)?.lora).toMatch(/adapter\.gguf$/u);
    const { json } = await call('/v1/models');
    expect(json.data.map((model: Json) => [model.id, model.parent, model.precision, model.max_model_len])).toEqual([
      ['base', null, 'q4_1', 1000],
      ['sim', 'base', 'q4_1', 1000],
      ['disc', 'base', 'f16', 1000],
    ]);
    expect((await call('/v1/completions', { model: 'disc', prompt: 'a', max_tokens: 2 })).json.choices[0].text).toBe(
      ' r',
    );
    expect((await call('/v1/embeddings', { model: 'sim', input: 'a' })).json.error).toMatchObject({
      param: 'model',
      message: expect.stringContaining('base'),
    });
    // the same again changes nothing
    const before = q4.opened.length;
    expect((await load('sim', dir)).status).toBe(200);
    expect(q4.opened.length).toBe(before);
    expect((await call('/v1/unload_lora_adapter', { lora_name: 'disc' })).status).toBe(200);
    expect((await call('/v1/completions', { model: 'disc', prompt: 'a' })).status).toBe(404);
    expect((await call('/v1/unload_lora_adapter', { lora_name: 'base' })).status).toBe(400);
  });

  const bad: [string, () => Promise<string>, RegExp][] = [
    ['nothing there', async () => '/no/such/adapter', /no such file/u],
    [
      'a changed GGUF',
      () => adapter('simulator', (card) => (card.adapter.gguf_sha256 = 'b'.repeat(64))),
      /expected bbbb/u,
    ],
    [
      'a changed template',
      () => adapter('simulator', (card) => (card.template.sha256 = 'c'.repeat(64))),
      /template\.jinja.*expected cccc/u,
    ],
    ['another base', () => adapter('simulator', (card) => (card.base.gguf_sha256 = 'd'.repeat(64))), /another base/u],
    ['a card without kind', () => adapter('simulator', (card) => delete card.kind), /card is not valid/u],
  ];
  test.each(bad)('%s is refused with a reason', async (_, make, message) => {
    const { status, json } = await load('broken', await make());
    expect(status).toBe(400);
    expect(json.error.message).toMatch(message);
    expect((await call('/v1/models')).json.data.map((model: Json) => model.id)).not.toContain('broken');
  });

  test('what llama.cpp cannot read is refused at loading', async () => {
    const dir = await testFolder();
    await writeFile(join(dir, 'broken.gguf'), 'x');
    expect((await load('broken', join(dir, 'broken.gguf'))).json.error.message).toMatch(/llama\.cpp cannot use/u);
  });

  test('tokenize counts text and messages', async () => {
    expect((await call('/tokenize', { prompt: 'abc', add_special_tokens: false })).json).toEqual({
      count: 3,
      tokens: [97, 98, 99],
      max_model_len: 1000,
    });
    expect((await call('/tokenize', { messages, add_generation_prompt: false })).json.count).toBe(10);
  });
});
