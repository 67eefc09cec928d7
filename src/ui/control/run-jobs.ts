import { formatError } from '../../core/errors.ts';
import type { TrainerEvent } from '../../core/stage/ports.ts';
import { adoptRun } from '../../core/workflows/runs/adopt.ts';
import { cancelRun, noteRun, resumeRun, startRun } from '../../core/workflows/runs/manage.ts';
import type { Plan } from '../../core/workflows/runs/types.ts';
import { changeOverlay, type Message } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { changeRuns } from './runs-watch.ts';

const MAX_LINES = 300;

/** Shows what something long does as it does it. What is closed goes on; its end is told in the status line too. */
class Steps {
  private readonly control: Controller;
  private readonly title: string;

  constructor(control: Controller, title: string) {
    this.control = control;
    this.title = title;
    const overlay = { kind: 'steps', title, lines: [], done: false, up: 0 } as const;
    control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  }

  tell(event: TrainerEvent): void {
    if (event.type === 'event') return;
    const tone = event.type === 'step' ? 'strong' : event.type === 'notice' ? 'warn' : 'dim';
    this.add({ tone, text: event.text });
  }

  end(message: Message): void {
    for (const text of message.text.split('\n')) this.add({ ...message, text });
    this.change({ done: true });
    this.control.set((state) => ({ ...state, message: { ...message, text: message.text.replaceAll('\n', ' ') } }));
  }

  close(): void {
    this.control.set((state) => ({
      ...state,
      overlays: state.overlays.filter((overlay) => overlay.kind !== 'steps' || overlay.title !== this.title),
    }));
  }

  private add(line: Message): void {
    this.control.set((state) =>
      changeOverlay(state, 'steps', (overlay) =>
        overlay.title === this.title ? { ...overlay, lines: [...overlay.lines, line].slice(-MAX_LINES) } : overlay,
      ),
    );
  }

  private change(next: { done: boolean }): void {
    this.control.set((state) =>
      changeOverlay(state, 'steps', (overlay) => (overlay.title === this.title ? { ...overlay, ...next } : overlay)),
    );
  }
}

/** Does `work` with its steps shown; a failure ends them with its remedy. */
function withSteps(control: Controller, title: string, work: (steps: Steps) => Promise<void>): void {
  const steps = new Steps(control, title);
  control.guard(async () => {
    try {
      await work(steps);
    } catch (error) {
      if (control.signal.aborted) return;
      steps.end({ tone: 'error', text: formatError(error) });
    }
  });
}

/** Starts what was planned, and opens it. */
export function startPlan(control: Controller, plan: Plan): void {
  withSteps(control, `Starting ${plan.request.name}`, async (steps) => {
    const ports = await control.bench.runs();
    for await (const event of startRun(ports, plan, control.signal)) {
      if (event.type !== 'started') steps.tell(event);
    }
    steps.close();
    openRun(control, plan.id);
    control.tell('ok', `${plan.request.name} was handed to ${plan.request.launcher}; it goes on when Foil is closed`);
  });
}

export function openRun(control: Controller, id: string): void {
  changeRuns(control, () => ({
    selected: id,
    prompt: null,
    view: { kind: 'run', id, pane: 'plots', page: 0, top: 0 },
  }));
}

export function resume(control: Controller, id: string, name: string): void {
  withSteps(control, `Resuming ${name}`, async (steps) => {
    const ports = await control.bench.runs();
    for await (const event of resumeRun(ports, id, control.signal)) {
      if (event.type !== 'started') steps.tell(event);
    }
    steps.close();
    await control.runs.again(id);
    control.tell('ok', `${name} goes on from its last checkpoint`);
  });
}

export function cancel(control: Controller, id: string): void {
  control.tell('dim', 'ending it: TERM first, so that it can save a checkpoint, then KILL …');
  control.guard(async () => {
    const { record, report } = await cancelRun(await control.bench.runs(), id, control.signal);
    await control.runs.again(id);
    control.tell('ok', `${record.name} is ${report.state}; R resumes it`);
  });
}

export function note(control: Controller, id: string, text: string): void {
  control.guard(async () => {
    await noteRun(await control.bench.runs(), id, text);
    await control.runs.again(id);
  });
}

/** Makes a model of what a run wrote; then the switcher of the Chat lists it. */
export function adopt(control: Controller, id: string, name: string): void {
  withSteps(control, `Adopting it as ${name}`, async (steps) => {
    const ports = await control.bench.runs();
    for await (const event of adoptRun(ports, id, name, control.signal)) {
      if (event.type !== 'adopted') {
        steps.tell(event);
        continue;
      }
      const models = await control.bench.ports.models.list();
      control.set((state) => ({ ...state, models }));
      await control.runs.again(id);
      steps.end(
        event.notLoaded === null
          ? {
              tone: 'ok',
              text: `${event.name} is ready in Chat\nEsc, then C opens it there; or F2, then M switches to it`,
            }
          : { tone: 'warn', text: `${event.name} was adopted, but the engine did not load it: ${event.notLoaded}` },
      );
    }
  });
}
