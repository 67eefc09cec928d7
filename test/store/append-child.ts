import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { makeLive, makeSession } from '../fixtures/make.ts';

/**
 * Writes without end and says what is safely written: one line for each id whose promise has resolved. The test kills
 * it. Arguments: the folder, and the prefix of the ids of this run.
 */
const [dir = '', prefix = ''] = process.argv.slice(2);
const store = await openSessionStore(dir);
for (let count = 0; ; count += 1) {
  const id = `${prefix}-${count}`;
  await store.append('mine', [makeSession(id, [`ünïcode ${'x'.repeat((count * 7919) % 20_000)}`])]);
  process.stdout.write(`${id}\n`);
  const texts = Array.from({ length: count + 1 }, (_, index) => `turn ${index}`);
  await store.saveLive(makeLive(prefix, texts));
  process.stdout.write(`live ${prefix} ${texts.length}\n`);
}
