import { FoilError } from '../../errors.ts';
import type { RunPorts } from '../../stage/ports.ts';
import type { RunAction, RunRecord, RunRequest, RunSummary } from '../../stage/run.ts';
import type { Plan, PlanEvent, StartEvent } from './types.ts';
import { lookAt } from './watch.ts';

/** How long a job may take to save itself after TERM. */
const GRACE_MS = 20_000;

/** Builds the folder of a run and checks it, without starting anything. What it leaves is started, or discarded. */
export async function* planRun(
  ports: RunPorts,
  request: RunRequest,
  signal: AbortSignal,
): AsyncGenerator<PlanEvent, Plan> {
  const id = ports.newId(request.stage);
  let plan: Plan | null = null;
  try {
    const record = yield* ports.trainer.build(id, request, signal);
    yield* ports.trainer.preflight(id, request, signal);
    plan = { id, request, record };
    yield { type: 'planned', plan };
    return plan;
  } finally {
    if (plan === null) await ports.trainer.discard(id);
  }
}

export async function discardPlan(ports: RunPorts, plan: Plan): Promise<void> {
  await ports.trainer.discard(plan.id);
}

/** Makes a plan a run and hands it to its launcher. From then on it needs nobody here. */
export async function* startRun(
  ports: RunPorts,
  plan: Plan,
  signal: AbortSignal,
): AsyncGenerator<StartEvent, RunRecord> {
  await ports.trainer.publish(plan.id);
  return yield* submit(ports, plan.id, signal);
}

/** Another attempt of a run that ended without being done, from its last checkpoint. */
export async function* resumeRun(
  ports: RunPorts,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<StartEvent, RunRecord> {
  const summary = await lookAt(ports, id, signal);
  demand(summary, 'resume');
  const { handle } = summary.record;
  if (summary.report.state === 'lost' && handle !== null) {
    // A heartbeat can stop while the process lives: two attempts must never write into one folder.
    yield { type: 'step', text: 'ending what may be left of the last attempt' };
    await (await ports.launchers.open(handle.launcher)).cancel(handle, GRACE_MS, signal);
  }
  return yield* submit(ports, id, signal);
}

async function* submit(ports: RunPorts, id: string, signal: AbortSignal): AsyncGenerator<StartEvent, RunRecord> {
  const record = await ports.runs.load(id);
  const attempt = (record.handle?.attempt ?? 0) + 1;
  const job = yield* ports.trainer.job(record, attempt, signal);
  yield { type: 'step', text: `handing it to ${record.launcher}` };
  try {
    const launcher = await ports.launchers.open(record.launcher);
    // The same id and attempt start nothing twice, so a submission that was cut off here can be repeated.
    const handle = await launcher.submit(job, signal);
    const started = await ports.runs.update(id, (now) => ({
      ...now,
      handle,
      refused: null,
      cancelled: null,
      ended: null,
      collected: false,
    }));
    yield { type: 'started', record: started };
    return started;
  } catch (error) {
    if (error instanceof FoilError && attempt === 1) {
      await ports.runs.update(id, (now) => ({ ...now, refused: error.message }));
    }
    throw error;
  }
}

/** Ends a run: TERM to all of its processes, and KILL for those that do not heed it. */
export async function cancelRun(ports: RunPorts, id: string, signal: AbortSignal): Promise<RunSummary> {
  const summary = await lookAt(ports, id, signal);
  demand(summary, 'cancel');
  // Whoever handed it in may have died before noting it: only handing it in again tells where it runs, and starts nothing twice.
  if (summary.record.handle === null) for await (const _ of submit(ports, id, signal));
  // First: its end must not look like a failure, whenever it comes.
  const { handle } = await ports.runs.update(id, (now) => ({ ...now, cancelled: ports.clock.now().toISOString() }));
  if (handle !== null) await (await ports.launchers.open(handle.launcher)).cancel(handle, GRACE_MS, signal);
  return await lookAt(ports, id, signal);
}

/** What a run was asked for with, to be changed and planned anew. */
export async function cloneRun(ports: RunPorts, id: string): Promise<RunRequest> {
  return { ...(await ports.runs.load(id)).request, from: id };
}

/** Adds a note of the researcher's to a run. */
export async function noteRun(ports: RunPorts, id: string, text: string): Promise<RunRecord> {
  const note = { at: ports.clock.now().toISOString(), text: text.trim() };
  if (note.text === '')
    throw new FoilError('usage', 'a note needs some text', { remedy: 'type what you want to remember' });
  return await ports.runs.update(id, (now) => ({ ...now, notes: [...now.notes, note] }));
}

/** @throws FoilError `not-now` that names what can be done instead. */
export function demand({ record, report, actions }: RunSummary, action: RunAction): void {
  if (actions.includes(action)) return;
  throw new FoilError('not-now', `${record.id} is ${report.state}: there is nothing to ${action}`, {
    remedy: `what can be done with it: ${actions.join(', ')}`,
  });
}
