import type { Command } from 'commander';
import type { RunPorts } from '../../core/stage/ports.ts';
import type { RunSummary } from '../../core/stage/run.ts';
import { formatDuration } from '../../core/text/quantity.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';
import { addRequestOptions, type RequestOptions } from '../run-request.ts';
import { planAndStart, type StartOptions } from './train.ts';

/** `foil runs`: the training runs of the workspace, wherever they run. */
export function registerRuns(program: Command, run: Run): void {
  const runs = program.command('runs').description('Training runs: list, watch, cancel, resume, clone, adopt.');
  const id = '<id>';
  const what = 'its id, the beginning of it, or `last`';

  runs
    .command('list', { isDefault: true })
    .description('One line a run, newest first.')
    .addHelpText('after', examples(['foil runs', 'all of them'], ['foil runs --json', 'one JSON line a run']))
    .action(run(list));

  runs
    .command('show')
    .argument(id, what)
    .description('What a run was asked for, where it stands, what can be done with it.')
    .addHelpText('after', examples(['foil runs show last', 'the newest run']))
    .action(run((cli: Cli, given: string) => withRun(cli, given, show)));

  runs
    .command('log')
    .argument(id, what)
    .description('The end of its log.')
    .option('--lines <n>', 'how many', integer(1, 100_000), 40)
    .option('--search <text>', 'from the last line with that text in it')
    .option('--follow', 'go on with what is added')
    .addHelpText('after', examples(['foil runs log last --lines 100', ''], ['foil runs log last --search Error', '']))
    .action(
      run((cli: Cli, given: string, options: LogOptions) =>
        withRun(cli, given, (one, ports, found) => log(one, ports, found, options)),
      ),
    );

  runs
    .command('follow')
    .argument(id, what)
    .description('Watch a run to its end; Ctrl+C leaves it running.')
    .addHelpText('after', examples(['foil runs follow last', 'come back to the newest run']))
    .action(run((cli: Cli, given: string) => withRun(cli, given, follow)));

  runs
    .command('cancel')
    .argument(id, what)
    .description('End a run: TERM to all of its processes, then KILL.')
    .addHelpText('after', examples(['foil runs cancel last', '']))
    .action(run((cli: Cli, given: string) => withRun(cli, given, cancel)));

  runs
    .command('resume')
    .argument(id, what)
    .description('Go on with a run that ended early, from its last checkpoint.')
    .option('--follow', 'watch it; Ctrl+C leaves it running')
    .addHelpText('after', examples(['foil runs resume last --follow', 'from its last checkpoint']))
    .action(
      run((cli: Cli, given: string, options: StartOptions) =>
        withRun(cli, given, (one, ports, found) => resume(one, ports, found, options)),
      ),
    );

  addRequestOptions(
    runs.command('clone').argument(id, what).description('The same run with changes, on the same rows.'),
  )
    .addHelpText('after', examples(['foil runs clone last --set lr=3e-4 --follow', 'with another learning rate']))
    .action(
      run((cli: Cli, given: string, options: RequestOptions & StartOptions) =>
        withRun(cli, given, (one, ports, found) => clone(one, ports, found, options)),
      ),
    );

  runs
    .command('adopt')
    .argument(id, what)
    .description('Make a model of what a run wrote: exported with its lineage, and loaded into the engine.')
    .option('--as <name>', "name of the model (default: the run's)")
    .addHelpText('after', examples(['foil runs adopt last --as sim-it1', 'ready in Chat by that name']))
    .action(
      run((cli: Cli, given: string, options: { as?: string }) =>
        withRun(cli, given, (one, ports, found) => adopt(one, ports, found, options.as ?? null)),
      ),
    );

  runs
    .command('note')
    .argument(id, what)
    .argument('<text...>', 'what to remember')
    .description('Add a note to a run.')
    .addHelpText('after', examples(['foil runs note last "loss falls, words repeat"', '']))
    .action(
      run((cli: Cli, given: string, text: string[]) =>
        withRun(cli, given, (one, ports, found) => note(one, ports, found, text.join(' '))),
      ),
    );

  runs
    .command('compare')
    .argument('<ids...>', 'two runs or more')
    .description('Losses and validation of runs side by side, and what was set differently.')
    .addHelpText('after', examples(['foil runs compare RUN-A RUN-B', 'by their ids']))
    .action(
      run(async (cli: Cli, given: string[]) => {
        const { compare } = await import('../run-compare.ts');
        return await compare(cli, await cli.runs(), given);
      }),
    );
}

interface LogOptions {
  readonly lines: number;
  readonly search?: string;
  readonly follow?: boolean;
}

type RunCommand = (cli: Cli, ports: RunPorts, id: string) => Promise<number | undefined>;

async function withRun(cli: Cli, given: string, command: RunCommand): Promise<number | undefined> {
  const { findRun } = await import('../run-output.ts');
  const ports = await cli.runs();
  return await command(cli, ports, await findRun(ports, given));
}

async function list(cli: Cli): Promise<undefined> {
  const { listRuns } = await import('../../core/workflows/runs/watch.ts');
  const { runs, skipped } = await listRuns(await cli.runs(), cli.signal);
  for (const summary of runs) {
    cli.out.event({ event: 'run', ...summary });
    cli.out.line(lineOf(summary, cli.clock.now()));
    if (summary.failure) cli.out.line(`    ${summary.failure}`);
  }
  for (const { folder, reason } of skipped) {
    cli.out.event({ event: 'skipped', folder, reason });
    cli.out.notice(`${folder} is left out: ${reason}`);
  }
  if (runs.length === 0) cli.out.line('No runs yet: foil train --help');
  return undefined;
}

function lineOf({ record, report, step, steps, loss, eta }: RunSummary, now: Date): string {
  const age = formatDuration((now.getTime() - Date.parse(record.created)) / 1000);
  const how = [
    step === null ? '' : `step ${step} of ${steps ?? '?'}`,
    loss === null ? '' : `loss ${loss.toFixed(3)}`,
    eta === null ? '' : `${formatDuration(eta)} left`,
    record.adopted ? `adopted as ${record.adopted.name}` : '',
    record.notes.length > 0 ? `${record.notes.length} notes` : '',
  ].filter(Boolean);
  const where = `${record.launcher}${report.host ? ` on ${report.host}` : ''}`;
  return `${report.state.padEnd(9)}  ${record.id}  ${record.stage} ${record.name}  ${where}, ${age} ago  ${how.join(', ')}`;
}

const show: RunCommand = async (cli, ports, id) => {
  const { lookAt, readProgress } = await import('../../core/workflows/runs/watch.ts');
  const { stringify } = await import('../yaml.ts');
  const summary = await lookAt(ports, id, cli.signal);
  const { preflights, valid } = await readProgress(ports, id, cli.signal);
  cli.out.event({ event: 'run', ...summary, folder: ports.runs.folder(id), preflights, valid });
  const { record, report, failure, actions } = summary;
  cli.out.line(lineOf(summary, cli.clock.now()));
  if (failure) cli.out.line(failure);
  const { request, inputs, notes, adopted } = record;
  const about = { folder: ports.runs.folder(id), report, request, inputs, valid, notes, adopted, actions };
  cli.out.line(stringify(about).trimEnd());
  return undefined;
};

async function log(cli: Cli, ports: RunPorts, id: string, options: LogOptions): Promise<undefined> {
  const { logPage, searchLog } = await import('../../core/workflows/runs/log.ts');
  const { followRun } = await import('../../core/workflows/runs/watch.ts');
  let place: 'end' | { after: number } = 'end';
  if (options.search !== undefined) {
    const at = await searchLog(ports, id, options.search, Number.MAX_SAFE_INTEGER, 'back', cli.signal);
    if (at === null) {
      cli.out.notice(`"${options.search}" is not in the log`);
      return undefined;
    }
    place = { after: at };
  }
  if (!options.follow) {
    const page = await logPage(ports, id, place, options.lines, cli.signal);
    cli.out.event({ event: 'log', ...page });
    for (const { text } of page.lines) cli.out.line(text);
    return undefined;
  }
  let shown = -1;
  for await (const event of followRun(ports, id, cli.signal, { logLines: options.lines, gpusEveryMs: 0 })) {
    if (event.type !== 'log') continue;
    cli.out.event({ event: 'log', ...event.page });
    for (const { at, text } of event.page.lines) if (at > shown) cli.out.line(text);
    shown = event.page.lines.at(-1)?.at ?? shown;
  }
  return undefined;
}

const follow: RunCommand = async (cli, ports, id) => {
  const { followRun } = await import('../../core/workflows/runs/watch.ts');
  const { followToEnd } = await import('../run-output.ts');
  return await followToEnd(cli, followRun(ports, id, cli.signal), id);
};

const cancel: RunCommand = async (cli, ports, id) => {
  const { cancelRun } = await import('../../core/workflows/runs/manage.ts');
  cli.out.progress({ step: 'cancelling', text: id });
  const summary = await cancelRun(ports, id, cli.signal);
  cli.out.event({ event: 'run', ...summary });
  cli.out.line(`${id} is ${summary.report.state}`);
  return undefined;
};

async function resume(cli: Cli, ports: RunPorts, id: string, options: StartOptions): Promise<number | undefined> {
  const { resumeRun } = await import('../../core/workflows/runs/manage.ts');
  const { showStart } = await import('../run-output.ts');
  await showStart(cli, resumeRun(ports, id, cli.signal));
  if (options.follow) return await follow(cli, ports, id);
  return undefined;
}

async function clone(
  cli: Cli,
  ports: RunPorts,
  id: string,
  options: RequestOptions & StartOptions,
): Promise<number | undefined> {
  const { cloneRun } = await import('../../core/workflows/runs/manage.ts');
  const { changedRequest } = await import('../run-request.ts');
  const request = changedRequest(await cloneRun(ports, id), options, await ports.trainer.table(), cli.around.cwd);
  return await planAndStart(cli, ports, request, options);
}

async function adopt(cli: Cli, ports: RunPorts, id: string, name: string | null): Promise<undefined> {
  const { adoptRun } = await import('../../core/workflows/runs/adopt.ts');
  const { showTrainer } = await import('../run-output.ts');
  for await (const event of adoptRun(ports, id, name, cli.signal)) {
    if (event.type !== 'adopted') {
      showTrainer(cli, event);
      continue;
    }
    cli.out.progress(null);
    cli.out.event({ ...event, event: 'adopted', run: id });
    cli.out.line(`${event.name} is in ${event.folder}`);
    cli.out.line(event.notLoaded === null ? 'it is loaded, and ready in Chat' : `not loaded: ${event.notLoaded}`);
  }
  return undefined;
}

async function note(cli: Cli, ports: RunPorts, id: string, text: string): Promise<undefined> {
  const { noteRun } = await import('../../core/workflows/runs/manage.ts');
  const { notes } = await noteRun(ports, id, text);
  cli.out.event({ event: 'noted', run: id, notes });
  cli.out.line(`noted; ${id} has ${notes.length} notes`);
  return undefined;
}
