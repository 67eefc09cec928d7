import { openTuringStores } from '../../src/backends/evaluate/turing.ts';
import { openTuring, turingStep } from '../../src/core/workflows/turing/machine.ts';

/** Guesses in the sitting `blind` of a workspace, a turn every 50 ms, and says which guess is safely kept. The test kills it. */
const [workspace = ''] = process.argv.slice(2);
const store = await openTuringStores(workspace, () => {}).open('blind');
let state = openTuring(store.head, store.records, { by: 'ann', timed: true }, Date.now());
for (;;) {
  const step = turingStep(state, { type: 'guess', level: 5 }, Date.now());
  if (step.write === null) break;
  await store.append(step.write);
  state = step.state;
  process.stdout.write('kept\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
}
await new Promise((resolve) => setTimeout(resolve, 60_000));
