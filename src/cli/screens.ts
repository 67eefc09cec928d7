import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Seats } from '../core/workflows/converse/types.ts';
import { runApp } from '../ui/app.tsx';
import type { Workbench } from '../ui/control/workbench.ts';
import type { Cli } from './cli.ts';
import { engineNote } from './engine-progress.ts';
import type { SessionOptions } from './session.ts';

/** Opens the screens on this terminal and returns when the researcher leaves. */
export async function openScreens(cli: Cli, options: SessionOptions, seats: Seats): Promise<void> {
  const dumps: string[] = [];
  const first = { workspace: basename(cli.workspace), seats };
  await runApp(first, (onRoles) => openWorkbench(cli, options, seats, dumps, onRoles), cli.around.env, cli.signal);
  // The alternate screen takes its content with it: what was dumped stays in the scroll-back.
  for (const text of dumps) cli.out.line(text);
  cli.signal.throwIfAborted();
}

async function openWorkbench(
  cli: Cli,
  options: SessionOptions,
  seats: Seats,
  dumps: string[],
  onRoles: (roles: Workbench['roles']) => void,
): Promise<Workbench> {
  const config = await cli.config();
  const { rolesOf, sessionOf } = await import('./session.ts');
  const { reviewerOf } = await import('./pair-sets.ts');
  if (options.session === undefined) onRoles(await rolesOf(cli, options));
  const { session, first } = await sessionOf(cli, options);
  return {
    ports: await cli.ports(),
    runs: () => cli.runs(),
    loops: () => cli.loops(),
    evaluations: () => cli.evaluations(),
    async writeEvaluation(view) {
      const { writeReport, writeTables } = await import('../backends/evaluate/files.ts');
      const dir = join(cli.workspace, 'evaluations', view.begin.spec.name);
      const [report, tables] = [join(dir, 'report.html'), join(dir, 'csv')];
      const written = await writeTables(view, tables);
      await writeReport(view, report);
      return {
        report: relative(cli.workspace, report),
        tables: relative(cli.workspace, tables),
        count: written.length,
      };
    },
    async samples() {
      const { openSamples } = await import('../backends/annotate/samples.ts');
      return openSamples(
        cli.workspace,
        () => cli.registry(),
        () => {},
      );
    },
    async sittings() {
      const { openTuringStores } = await import('../backends/evaluate/turing.ts');
      return openTuringStores(cli.workspace, () => {});
    },
    async chatbots() {
      const { readChatbots } = await import('../backends/registry/chatbots.ts');
      return [...(await readChatbots(config)).keys()];
    },
    workspace: basename(cli.workspace),
    roles: session.roles,
    seats,
    reviewer: reviewerOf(cli),
    first,
    contextBudget: config.context_budget,
    alternatives: config.alternatives,
    maxUserTurns: config.max_user_turns,
    open: session,
    newSeed: cli.newSeed,
    onProblem: (listener) => cli.onProblem(listener),
    async prepare(onState, signal) {
      cli.onEngineStep((step) => {
        const note = engineNote(step);
        const status = step.kind === 'weights' ? 'fetching' : step.kind;
        onState({ status, detail: note === null ? '' : `${note.step} ${note.text}`.trim() });
      });
      const registry = await cli.registry();
      const needed = new Set(Object.values(session.roles));
      const embedded = (await registry.list()).some((model) => needed.has(model.name) && model.server === 'embedded');
      if (embedded) await registry.start(signal);
      else onState({ status: 'idle', detail: '' });
    },
    async dump(name, text) {
      const dir = join(cli.workspace, 'sessions', 'transcripts');
      await mkdir(dir, { recursive: true });
      const file = join(dir, `${name}.txt`);
      await writeFile(file, text);
      dumps.push(text);
      return file;
    },
    editText: (text) => editText(text, cli.around.env),
  };
}

/** Lets $VISUAL or $EDITOR change a text in a file of its own; null if it failed or there is none. */
async function editText(text: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const editor = env['VISUAL'] || env['EDITOR'];
  if (!editor) return null;
  const { execa } = await import('execa');
  const dir = await mkdtemp(join(tmpdir(), 'foil-'));
  try {
    const file = join(dir, 'turn.txt');
    await writeFile(file, text, { mode: 0o600 });
    // $EDITOR may hold arguments ("code --wait"), so a shell must split it; the file is an argument, not part of the line.
    const { failed } = await execa('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', reject: false });
    return failed ? null : (await readFile(file, 'utf8')).replace(/\n$/u, '');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
