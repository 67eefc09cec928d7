import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { sessionOf } from '../core/evaluate/annotated.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Words that two tokenisers read alike only if both keep to the rule. */
const HOSTILE = [
  ["don't don’t rock'n'roll 'tis dogs' 5'10 it's5 o'5", 'Why?', 'CAFÉ cafe\u0301 Straße ΣΟΦΟΣ İstanbul 東京 42nd'],
  ['...', 'Hm?', '🙂 a_b a-b — don’’t x' + '\u200b' + 'y ٣٤ ½ Ⅷ'],
  ['well', 'Yes?'],
  ['?!', 'Yes?'],
];

test('features are those of an implementation of its own, on the sample and on words that are hard to cut', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'foil-check-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const hostile = join(dir, 'hostile.jsonl');
  const sessions = HOSTILE.map((said, at) => sessionOf(`h${at}`, said));
  await writeFile(hostile, sessions.map((session) => `${JSON.stringify(session)}\n`).join(''));
  const files = [join(ROOT, 'sessions', 'sample.jsonl'), hostile];
  const args = [join(ROOT, 'scripts', 'check-features.mjs'), ...files, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: dir });
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(found).toMatchObject([
    { sessions: 8, ok: true },
    // the last one has no word, and no ratio
    { sessions: 3, ok: true },
  ]);
  for (const { difference } of found) expect(difference).toBeLessThan(1e-12);
}, 90_000);
