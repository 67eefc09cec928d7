import { openPairStore } from '../../src/backends/store/pair-store.ts';
import { makeDecision } from '../fixtures/pairs.ts';

/** Approves pairs of set `a` from number FIRST on, and says which of them are safely approved. The test kills it. */
const [dir = '', first = '0'] = process.argv.slice(2);
const store = openPairStore(dir);
for (let n = Number(first); n < Number(first) + 80; n += 1) {
  await store.decide('a', makeDecision(`p${n}`, 'approve'));
  process.stdout.write(`p${n}\n`);
}
await new Promise((resolve) => setTimeout(resolve, 60_000));
