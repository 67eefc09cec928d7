import type { Command } from 'commander';
import { FoilError } from '../../core/errors.ts';
import type { EvaluationView } from '../../core/workflows/evaluate/view.ts';
import type { Cli, Run } from '../cli.ts';
import { examples } from '../options.ts';

/** `foil eval show`, `csv` and `report`: what was computed, in other forms; nothing is computed. */
export function registerEvalShow(group: Command, run: Run): void {
  group
    .command('show')
    .argument('[name]', 'an evaluation; without it, a list of them')
    .option('--only <ids>', 'exhibits by their ids, with commas between')
    .description('Print what an evaluation computed; with --json each exhibit is a line.')
    .addHelpText('after', examples(['foil eval show it0 --only linguistic-features --json', 'one table for a script']))
    .action(run(show));

  group
    .command('csv')
    .argument('<name>', 'an evaluation')
    .option('--out <dir>', 'where to (default: evaluations/NAME/csv)')
    .description('Write each exhibit as ID.csv (RFC 4180), numbers in full, intervals and n in columns of their own.')
    .addHelpText('after', examples(['foil eval csv it0 --out tables', '']))
    .action(run(csv));

  group
    .command('report')
    .argument('<name>', 'an evaluation')
    .option('--out <file>', 'where to (default: evaluations/NAME/report.html)')
    .description(
      'Write one HTML file of all of it: tables, plots, and what made them. It loads nothing and runs no script.',
    )
    .addHelpText('after', examples(['foil eval report it0 --out it0.html', '']))
    .action(run(report));
}

async function show(cli: Cli, name: string | undefined, options: { only?: string }): Promise<undefined> {
  const { evaluations } = await cli.evaluations();
  const { evaluationView, simulatedCorpora } = await import('../../core/workflows/evaluate/view.ts');
  const { printExhibit, printMissing } = await import('../eval-output.ts');
  if (name === undefined) {
    const names = await evaluations.list();
    for (const one of names) {
      const view = evaluationView(await evaluations.read(one));
      const sides = view?.begin.sides.map((side) => `${side.name} (${side.sessions})`).join(', ') ?? 'never ran';
      const missing = view?.sections.filter(({ state }) => state === 'missing').length ?? 0;
      const state = view === null ? 'new' : view.end ? 'done' : 'unfinished';
      cli.out.event({ event: 'evaluation', name: one, state, missing, at: view?.begin.at ?? null });
      cli.out.line(`${one}  ${state}${missing > 0 ? `, ${missing} missing` : ''}  ${sides}`);
    }
    if (names.length === 0) cli.out.line('there is none yet: foil eval --help');
    return undefined;
  }
  const view = await viewOf(cli, name);
  const only = options.only?.split(',').map((id) => id.trim());
  const simulated = simulatedCorpora(view);
  let shown = 0;
  if (!only) cli.out.event({ event: 'begin', begin: view.begin });
  for (const section of view.sections) {
    if (section.state === 'exhibits') {
      for (const exhibit of section.exhibits) {
        if (only && !only.includes(exhibit.id)) continue;
        shown += 1;
        cli.out.event({ event: 'exhibit', metric: section.metric, exhibit, kept: true });
        printExhibit(cli, exhibit, simulated);
      }
    } else if (!only && section.state === 'missing') {
      const { metric, title, reason, remedy } = section;
      cli.out.event({ event: 'missing', metric, title, reason, remedy });
      printMissing(cli, section);
    } else if (!only) cli.out.line(`${section.title}: not computed yet\n`);
  }
  if (only && shown === 0) {
    const ids = view.sections
      .flatMap((section) => (section.state === 'exhibits' ? section.exhibits : []))
      .map(({ id }) => id);
    throw new FoilError('unknown-exhibit', `${name} has no exhibit "${only.join(', ')}"`, {
      remedy: `it has: ${ids.join(', ') || 'none'}`,
    });
  }
  return undefined;
}

async function csv(cli: Cli, name: string, options: { out?: string }): Promise<undefined> {
  const { join, resolve } = await import('node:path');
  const { writeTables } = await import('../../backends/evaluate/files.ts');
  const view = await viewOf(cli, name);
  const dir = options.out ? resolve(cli.around.cwd, options.out) : join(cli.workspace, 'evaluations', name, 'csv');
  for (const { exhibit, file } of await writeTables(view, dir)) {
    cli.out.event({ event: 'file', exhibit, file });
    cli.out.line(file);
  }
  return undefined;
}

async function report(cli: Cli, name: string, options: { out?: string }): Promise<undefined> {
  const { join, resolve } = await import('node:path');
  const { writeReport } = await import('../../backends/evaluate/files.ts');
  const view = await viewOf(cli, name);
  const file = options.out
    ? resolve(cli.around.cwd, options.out)
    : join(cli.workspace, 'evaluations', name, 'report.html');
  await writeReport(view, file);
  cli.out.event({ event: 'file', file });
  cli.out.line(file);
  return undefined;
}

/** @throws FoilError `unknown-evaluation`, or `not-computed` for one that never ran. */
async function viewOf(cli: Cli, name: string): Promise<EvaluationView> {
  const { evaluations } = await cli.evaluations();
  const { evaluationView } = await import('../../core/workflows/evaluate/view.ts');
  await evaluations.load(name);
  const view = evaluationView(await evaluations.read(name));
  if (view) return view;
  throw new FoilError('not-computed', `the evaluation "${name}" never ran`, { remedy: `foil eval --name ${name}` });
}
