import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type ImportEvent,
  type ImportOptions,
  type ImportReport,
  importCorpus,
} from '../../src/backends/import/import.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import type { Session } from '../../src/core/session/schema.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';

const jsonl = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** A session as shared corpora have it: no schema version and no origin. */
const shared = (id: string, more: Record<string, unknown> = {}) => {
  const { schema: _, origin: __, ...rest } = makeSession(id);
  return { ...rest, ...more };
};

async function run(files: Record<string, string | Buffer>, options: Partial<ImportOptions> = {}) {
  const dir = await testFolder();
  const from = join(dir, 'from');
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(from, name, '..'), { recursive: true });
    await writeFile(join(from, name), content);
  }
  const store = await openSessionStore(join(dir, 'sessions'));
  const importing = async (
    more: Partial<ImportOptions> = {},
  ): Promise<{ events: ImportEvent[]; report: ImportReport }> => {
    const work = importCorpus({ store, corpus: 'mine', paths: [from], ...options, ...more });
    const events: ImportEvent[] = [];
    for (;;) {
      const next = await work.next();
      if (next.done) return { events, report: next.value };
      events.push(next.value);
    }
  };
  const sessions = async () => {
    const list: Session[] = [];
    for await (const session of store.stream('mine')) list.push(session);
    return list;
  };
  return { importing, sessions, from, store };
}

describe('import of our own schema', () => {
  it('reads a folder of .jsonl and .jsonl.gz, and gives each session its version and origin', async () => {
    const { importing, sessions } = await run({
      'b.jsonl': jsonl(shared('r', { meta: { user_kind: 'human', outcome: { rating: 3 } } })),
      'sub/a.jsonl.gz': gzipSync(
        jsonl(
          shared('s', { meta: { user_kind: 'llm', user_model: 'gpt', assistant_model: 'bot' } }),
          shared('t', { meta: { user_kind: 'llm', assistant_kind: 'llm' } }),
        ),
      ),
      'README.md': 'not a corpus',
    });
    const { events, report } = await importing();
    expect(report).toMatchObject({ read: 3, added: 3, duplicates: 0, bad: 0, userTurns: 6, assistantTurns: 3 });
    expect(report.files.map(({ file, format, added }) => [file.split('/').at(-1), format, added])).toEqual([
      ['b.jsonl', 'foil', 1],
      ['a.jsonl.gz', 'foil', 2],
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'progress', sessions: 3 });
    const last = events.at(-1);
    expect(last?.type === 'progress' && last.bytes === last.total).toBe(true);
    const found = await sessions();
    expect(found.map(({ id, schema, origin }) => [id, schema, origin])).toEqual([
      ['r', 1, 'real'],
      ['s', 1, { simulator: 'gpt', chatbot: 'bot' }],
      ['t', 1, { simulator: 'llm', chatbot: 'llm' }],
    ]);
    expect(found[0]?.meta['outcome']).toEqual({ rating: 3 });
    expect(JSON.stringify(found[0]?.context)).not.toContain('rating');
  });

  it('adds only what is new when it is run again', async () => {
    const { importing, from, sessions } = await run({ 'a.jsonl': jsonl(shared('a'), shared('b'), shared('a')) });
    expect((await importing()).report).toMatchObject({ read: 3, added: 2, duplicates: 1 });
    await writeFile(join(from, 'b.jsonl'), jsonl(shared('c')));
    expect((await importing()).report).toMatchObject({ read: 4, added: 1, duplicates: 3 });
    expect((await sessions()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('removes personal data unless told to keep it, and reports how much of each kind', async () => {
    const record = shared('a', {
      turns: [
        { role: 'user', content: 'my name is Dana, dana@x.org' },
        { role: 'assistant', content: 'Hi Dana' },
      ],
    });
    const { importing, sessions } = await run({ 'a.jsonl': jsonl(record, shared('b')) });
    const { report } = await importing();
    expect(report.pii).toMatchObject({
      mode: 'remove',
      sessions: 1,
      kinds: { name: { count: 2, sessions: 1 }, email: { count: 1, sessions: 1 }, phone: { count: 0 } },
    });
    expect((await sessions())[0]?.turns.map((turn) => turn.content)).toEqual([
      'my name is [name], [email]',
      'Hi [name]',
    ]);
    const kept = await run({ 'a.jsonl': jsonl(record) }, { pii: 'keep' });
    expect((await kept.importing()).report.pii).toMatchObject({ mode: 'keep', sessions: 0 });
    expect((await kept.sessions())[0]?.turns[0]?.content).toBe('my name is Dana, dana@x.org');
  });

  it('joins consecutive messages of one speaker, their lists of annotations too', async () => {
    const turns = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'Hello', annotations: { strategies: ['Question'] } },
      { role: 'assistant', content: 'How are you?', annotations: { strategies: ['Other'] } },
      { role: 'assistant', content: '?' },
    ];
    const { importing, sessions } = await run({ 'a.jsonl': jsonl(shared('a', { turns })) });
    expect((await importing()).report).toMatchObject({ mergedMessages: 2, userTurns: 1, assistantTurns: 1 });
    expect((await sessions())[0]?.turns[1]).toEqual({
      role: 'assistant',
      content: 'Hello\nHow are you?\n?',
      annotations: { strategies: ['Question', 'Other'], message_count: 3 },
    });
  });
});

describe('import of other formats', () => {
  const openai = {
    messages: [
      { role: 'system', content: 'You are kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'text', text: 'there' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{}] },
      { role: 'tool', content: '{}' },
      { role: 'assistant', content: 'Hello' },
    ],
  };
  const sharegpt = {
    id: 7,
    conversations: [
      { from: 'human', value: 'hi' },
      { from: 'gpt', value: 'Hello' },
    ],
  };

  it('OpenAI messages: tools are left out, the chatbot’s prompt is no context of the user', async () => {
    const { importing, sessions } = await run({ 'a.jsonl': jsonl(openai) });
    expect((await importing()).report).toMatchObject({ added: 1, droppedMessages: 2, files: [{ format: 'openai' }] });
    const [session] = await sessions();
    expect(session).toMatchObject({ origin: 'real', source: 'mine', meta: { system_prompt: 'You are kind.' } });
    expect(session?.id).toMatch(/^mine-[0-9a-f]{12}$/);
    expect(session?.context.instruction).toBeNull();
    expect(session?.turns.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'hi\nthere'],
      ['assistant', 'Hello'],
    ]);
  });

  it('records without an id get the same one each time, with personal data or without', async () => {
    const record = { messages: [{ role: 'user', content: 'my name is Dana' }] };
    const { importing, sessions } = await run({ 'a.jsonl': jsonl(record, record, openai) });
    expect((await importing({ pii: 'keep' })).report).toMatchObject({ added: 2, duplicates: 1 });
    expect((await importing()).report).toMatchObject({ added: 0, duplicates: 3 });
    expect(await sessions()).toHaveLength(2);
  });

  it('ShareGPT, said to be simulated', async () => {
    const { importing, sessions } = await run({ 'a.jsonl': jsonl(sharegpt) }, { simulator: 'it0' });
    expect((await importing()).report.files).toMatchObject([{ format: 'sharegpt' }]);
    expect(await sessions()).toMatchObject([
      { id: '7', origin: { simulator: 'it0', chatbot: 'unknown' }, turns: [{ role: 'user' }, { role: 'assistant' }] },
    ]);
  });

  it('is refused if the format is none of these, or not the one that was named', async () => {
    const unknown = await run({ 'a.jsonl': jsonl({ text: 'hi' }) });
    await expect(unknown.importing()).rejects.toMatchObject({ code: 'unknown-format', where: { line: 1 } });
    const wrong = await run({ 'a.jsonl': jsonl(sharegpt) }, { format: 'openai' });
    await expect(wrong.importing()).rejects.toMatchObject({
      code: 'bad-record',
      where: { line: 1, field: 'messages' },
    });
  });
});

describe('bad input', () => {
  const turn = (content: unknown, role = 'user') => ({ role, content });
  const cases: [string, string | Buffer, { code: string; field?: string }][] = [
    [
      'an empty turn',
      jsonl(shared('x', { turns: [turn('a'), turn('  ', 'assistant')] })),
      { code: 'empty-turn', field: 'turns[1].content' },
    ],
    [
      'an unknown role',
      jsonl(shared('x', { turns: [turn('a', 'narrator')] })),
      { code: 'bad-role', field: 'turns[0]' },
    ],
    [
      'a system message in the middle',
      jsonl({ messages: [turn('a'), turn('b', 'system')] }),
      { code: 'bad-role-order', field: 'messages[1].role' },
    ],
    ['no turns', jsonl(shared('x', { turns: [] })), { code: 'bad-record', field: 'turns' }],
    ['only tools', jsonl({ messages: [turn('a', 'tool')] }), { code: 'empty-session' }],
    [
      'a 5 MB message',
      jsonl(shared('x', { turns: [turn('x'.repeat(5_000_000))] })),
      { code: 'message-too-long', field: 'turns[0].content' },
    ],
    [
      'a picture',
      jsonl({ messages: [turn([{ type: 'image_url', image_url: {} }])] }),
      { code: 'bad-record', field: 'messages[0].content' },
    ],
    ['a newer schema', jsonl({ ...makeSession('x'), schema: 7 }), { code: 'newer-schema', field: 'schema' }],
    [
      'an unknown kind of user',
      jsonl(shared('x', { meta: { user_kind: 'cat' } })),
      { code: 'bad-record', field: 'meta.user_kind' },
    ],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"turns":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n')]),
      { code: 'bad-utf8' },
    ],
    ['broken JSON', '{"turns": nothing}\n', { code: 'bad-json' }],
    ['a record that breaks off', '{"turns": [\n', { code: 'torn-line' }],
    ['a version that is none', jsonl({ ...makeSession('x'), schema: 'one' }), { code: 'bad-record', field: 'schema' }],
    ['an origin that is none', jsonl(shared('x', { origin: { by: 1 } })), { code: 'bad-record', field: 'origin' }],
  ];

  it.each(cases)(
    '%s: file, line, field and remedy; what came before is kept; --skip-bad goes on',
    async (_, line, { code, field }) => {
      const format = line.includes('messages') ? 'openai' : 'foil';
      const ok = (id: string) => Buffer.from(jsonl(format === 'foil' ? shared(id) : { id, messages: [turn('hi')] }));
      const { importing, sessions, from } = await run({
        'a.jsonl': Buffer.concat([ok('a'), Buffer.from(line), ok('b')]),
      });
      const error = { code, where: { file: join(from, 'a.jsonl'), line: 2, ...(field ? { field } : {}) } };
      await expect(importing()).rejects.toMatchObject({
        ...error,
        remedy: expect.arrayContaining([expect.stringContaining('--skip-bad')]),
      });
      expect((await sessions()).map(({ id }) => id)).toEqual(['a']);
      const { events, report } = await importing({ skipBad: true });
      expect(report).toMatchObject({ read: 3, added: 1, duplicates: 1, bad: 1 });
      expect(events.find((event) => event.type === 'bad')).toMatchObject({ error });
      expect((await sessions()).map(({ id }) => id)).toEqual(['a', 'b']);
    },
  );

  it('a message just under 5 MB is taken', async () => {
    const { importing } = await run({ 'a.jsonl': jsonl(shared('x', { turns: [turn('x'.repeat(4_999_999))] })) });
    expect((await importing()).report.added).toBe(1);
  });

  it('a gzip file that is cut off, one that is none, a missing file, an empty folder, nothing in it', async () => {
    const many = jsonl(
      ...Array.from({ length: 500 }, (_, index) => shared(`s${index}`, { domain: String(Math.sin(index)) })),
    );
    const cut = gzipSync(many);
    const { importing, from } = await run({ 'a.jsonl.gz': cut.subarray(0, cut.length - 20) });
    await expect(importing()).rejects.toMatchObject({ code: 'bad-gzip', where: { file: join(from, 'a.jsonl.gz') } });
    await writeFile(join(from, 'a.jsonl.gz'), 'no gzip');
    await expect(importing()).rejects.toMatchObject({ code: 'bad-gzip' });
    await expect(importing({ paths: [join(from, 'none.jsonl')] })).rejects.toMatchObject({ code: 'no-file' });
    await mkdir(join(from, 'empty'));
    await expect(importing({ paths: [join(from, 'empty')] })).rejects.toMatchObject({ code: 'no-file' });
    await writeFile(join(from, 'blank.jsonl'), '\n \n');
    await expect(importing({ paths: [join(from, 'blank.jsonl')] })).rejects.toMatchObject({
      code: 'nothing-to-import',
    });
  });

  it('an aborted import stops, keeps what it said was added, and can be run again', async () => {
    const records = Array.from({ length: 450 }, (_, index) => shared(`s${index}`));
    const { importing, store, from } = await run({ 'a.jsonl': jsonl(...records) });
    const stop = new AbortController();
    const work = importCorpus({ store, corpus: 'mine', paths: [from], signal: stop.signal });
    let event = await work.next();
    while (!event.done && event.value.type !== 'progress') event = await work.next();
    stop.abort();
    await expect(work.next()).rejects.toMatchObject({ name: 'AbortError' });
    expect(event.value).toMatchObject({ type: 'progress', sessions: 200 });
    expect((await store.ids('mine')).size).toBe(200);
    expect((await importing()).report).toMatchObject({ added: 250, duplicates: 200 });
  });
});
