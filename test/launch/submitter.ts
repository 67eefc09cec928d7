/**
 * Submits a job in a process of its own, which the test kills: `submitter.ts NAME CONFIG JOB`, as JSON. Says "submitting"
 * before and the handle after, then waits for its end.
 */
import { openLauncher } from '../../src/backends/launch/open.ts';

const [name = '', config = '', job = ''] = process.argv.slice(2);
const launcher = openLauncher(name, JSON.parse(config));
process.stdout.write('submitting\n');
const handle = await launcher.submit(JSON.parse(job), new AbortController().signal);
process.stdout.write(`${JSON.stringify(handle)}\n`);
setInterval(() => undefined, 1000);
