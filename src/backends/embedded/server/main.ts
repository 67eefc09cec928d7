import { randomBytes, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { asFoilError, FoilError } from '../../../core/errors.ts';
import { startEngineServer } from './start.ts';

/**
 * The engine's process. Started by `connectEngine`, detached, with its output going to a log file; the last line of a failed
 * start is a JSON object that the client shows.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      'model-f16': { type: 'string' },
      'model-sha': { type: 'string' },
      template: { type: 'string' },
      name: { type: 'string', default: 'SmolLM2-135M-Instruct' },
      state: { type: 'string' },
      port: { type: 'string', default: '0' },
      threads: { type: 'string' },
      slots: { type: 'string', default: '6' },
      context: { type: 'string', default: '8192' },
      grace: { type: 'string', default: '3000' },
      keep: { type: 'boolean', default: false },
    },
  });
  if (!values.model || !values.template || !values.state) {
    throw new FoilError('usage', 'the engine needs --model FILE, --template FILE and --state FILE');
  }
  const server = await startEngineServer({
    name: values.name,
    model: values.model,
    modelF16: values['model-f16'] ?? null,
    modelSha: values['model-sha'] ?? null,
    template: values.template,
    state: values.state,
    port: whole('--port', values.port),
    threads: values.threads === undefined ? Math.min(8, availableParallelism()) : whole('--threads', values.threads),
    fixedThreads: values.threads !== undefined,
    slots: whole('--slots', values.slots),
    context: whole('--context', values.context),
    graceMs: values.keep ? null : whole('--grace', values.grace),
    token: randomBytes(32).toString('hex'),
    instance: randomUUID(),
    onIdle: () => void stop(),
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await server.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop());
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new FoilError('usage', `${flag}: must be a whole number, not ${JSON.stringify(text)}`);
}

main().catch((error: unknown) => {
  const known = asFoilError(error) ?? new FoilError('cancelled', 'the start was cancelled');
  if (known.code === 'internal') console.error(error);
  console.error(JSON.stringify({ error: { code: known.code, message: known.message, remedy: known.remedy } }));
  process.exit(1);
});
