import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LOCAL } from '../../backends/config/schema.ts';
import type { AdapterFolder } from '../../backends/registry/cards.ts';
import type { VllmState } from '../../backends/vllm/state.ts';
import type { StartStep } from '../../backends/vllm/wait.ts';
import { FoilError } from '../../core/errors.ts';
import type { Launcher } from '../../core/stage/launcher.ts';
import type { Cli } from '../cli.ts';
import type { ServeOptions } from './serve.ts';

/** The file that `python -m foil_train base` leaves in a folder that it has finished. */
const STAMP = 'foil-base.json';

/** `foil serve --engine vllm`: starts or joins the vLLM of this workspace, and returns when it answers. It goes on as a job. */
export async function serveVllm(cli: Cli, names: readonly string[], options: ServeOptions): Promise<undefined> {
  const { readVllm, vllmFiles } = await import('../../backends/vllm/state.ts');
  const { startVllm, stopVllm } = await import('../../backends/vllm/serve.ts');
  const { waitVllm } = await import('../../backends/vllm/wait.ts');
  const { out, signal, workspace, clock, newId } = cli;
  const files = vllmFiles(workspace);
  const running = await readVllm(workspace);
  const { openLauncher } = await import('../../backends/launch/open.ts');
  const launcher = openLauncher(options.launcher ?? running?.launcher ?? LOCAL, await cli.config(), cli.around.env);
  if (options.stop) {
    out.progress({ step: 'ending vLLM', text: '' });
    const ended = await stopVllm(workspace, launcher, signal);
    out.progress(null);
    out.event({ event: 'stopped', ended });
    out.line(ended ? 'vLLM has ended. Models run on the embedded engine again.' : 'This workspace has no vLLM.');
    return;
  }

  const adapters = await chosenAdapters(cli, [...names, ...options.model]);
  const base = await chosenBase(options.base, launcher, adapters, running);
  const { state, started } = await startVllm(
    {
      ...{ workspace, launcher, base, extra: options.vllmArg, newId, clock },
      models: adapters.map(({ name, folder }) => ({ name, dir: folder.dir })),
      template: await commonTemplate(adapters),
      ...(options.port !== undefined && { port: options.port }),
      ...(options.dtype !== undefined && { dtype: options.dtype }),
      ...(options.tensorParallel !== undefined && { tensorParallel: options.tensorParallel }),
    },
    signal,
  );
  const folder = files.folder(state.id);
  out.event({
    event: started ? 'starting' : 'joining',
    job: state.id,
    folder,
    launcher: launcher.name,
    port: state.port,
  });
  signal.addEventListener('abort', () => out.notice('vLLM goes on as a job; end it: foil serve --engine vllm --stop'), {
    once: true,
  });
  const up = await waitVllm(
    {
      workspace,
      launcher,
      state,
      ssh: await sshWords(cli, launcher.name),
      clock,
      onStep: (step) => showStep(cli, step),
    },
    signal,
  );
  out.progress(null);
  await loadMissing(cli, up.state, adapters);
  await report(cli, up.state, files.state, folder, started);
}

function showStep({ out }: Cli, step: StartStep): void {
  if (step.kind === 'log') out.progress({ step: 'starting vLLM', text: step.line });
  else if (step.kind === 'tunnel') {
    out.event({ event: 'tunnel', command: step.command });
    out.notice(
      `vLLM listens on the loopback of its machine. Bring its port here, in another terminal:\n  ${step.command}`,
    );
  } else {
    const { state, host, reason } = step;
    out.event({ event: 'job', state, host, reason });
    out.progress({ step: `vLLM is ${state}${host === null ? '' : ` on ${host}`}`, text: reason ?? '' });
  }
}

/** One that was joined may have been started with other models. */
async function loadMissing(cli: Cli, state: VllmState, adapters: readonly Chosen[]): Promise<void> {
  const { loadVllmAdapter } = await import('../../backends/vllm/source.ts');
  for (const { name, folder } of adapters) {
    cli.out.progress({ step: `loading ${name}`, text: '' });
    await loadVllmAdapter(cli.workspace, state, name, folder.dir, cli.signal);
  }
  cli.out.progress(null);
}

async function report(cli: Cli, state: VllmState, keyFile: string, folder: string, started: boolean): Promise<void> {
  const { VllmClient } = await import('../../backends/vllm/client.ts');
  const { out, signal } = cli;
  const client = new VllmClient(state);
  const models = await client.models(signal);
  const { version, window } = state.ready ?? { version: 'unknown', window: 0 };
  const { launcher, port, base, dtype } = state;
  // the key itself never goes to a terminal or a log
  out.event({
    ...{ event: 'ready', base_url: client.baseURL, key_file: keyFile, port, version, launcher, started },
    ...{ base: base.name, dtype, window, folder, models: models.map(({ id }) => id) },
  });
  out.line(
    `${started ? 'Started' : 'Joined'} vLLM ${version}: ${client.baseURL} (launcher ${launcher}, ${base.name}, ${dtype})`,
  );
  out.line(`Key: the field "token" of ${keyFile}`);
  out.line(`Log: ${join(folder, 'log.txt')}`);
  for (const { id } of models) out.line(`  ${id}`);
  out.line('The models of this workspace run there until: foil serve --engine vllm --stop');
  if (dtype === 'bfloat16')
    out.notice("In bfloat16 a discriminator's log-odds come in steps of 0.125; float16 has steps of 0.016.");
}

interface Chosen {
  readonly name: string;
  readonly folder: AdapterFolder;
}

/** The adapters that were named, as NAME or NAME=FOLDER; else those of the roles that a session starts with. */
async function chosenAdapters(cli: Cli, named: readonly string[]): Promise<Chosen[]> {
  const { readAdapter } = await import('../../backends/registry/cards.ts');
  const registry = await cli.registry();
  const chosen = new Map<string, Chosen>();
  if (named.length === 0) {
    for (const name of Object.values(await cli.roles())) {
      const folder = name === null ? null : await registry.card(name);
      if (name !== null && folder) chosen.set(name, { name, folder });
    }
  }
  for (const text of named) {
    const [, name = text, path] = /^([^=]+)=(.+)$/u.exec(text) ?? [];
    const folder = path === undefined ? await registry.card(name) : await readAdapter(resolve(cli.around.cwd, path));
    if (!folder) {
      throw new FoilError('unknown-model', `no adapter is called "${name}"`, { remedy: 'all of them: foil models' });
    }
    chosen.set(name, { name, folder });
  }
  return [...chosen.values()];
}

/** Where the base stands on the launcher's machine. @throws FoilError `base-missing`, `other-base`. */
async function chosenBase(
  given: string | undefined,
  launcher: Launcher,
  adapters: readonly Chosen[],
  running: VllmState | null,
): Promise<VllmState['base']> {
  const { userDirs } = await import('../../backends/setup/dirs.ts');
  const [first] = adapters;
  const other = adapters.find(({ folder }) => folder.card.base.name !== first?.folder.card.base.name);
  if (first && other) {
    throw new FoilError('other-base', `${first.name} and ${other.name} are adapters of different bases`, {
      remedy: 'name models of one base: a vLLM serves one',
    });
  }
  const card = first?.folder.card.base;
  const local = launcher.kind === 'local';
  const built = card && join(userDirs().cache, `base-${card.gguf_sha256.slice(0, 16)}`);
  const path =
    given !== undefined
      ? local
        ? resolve(given)
        : given
      : (running?.base.path ?? launcher.base ?? (local && built && existsSync(join(built, STAMP)) ? built : null));
  if (path === null) throw noBase(launcher, built);
  if (/\.gguf$/iu.test(path) || (local && !existsSync(join(path, 'config.json')))) {
    throw new FoilError('base-missing', 'this is no base that vLLM can serve: it takes a folder with config.json', {
      where: { file: path },
      remedy: buildIt(built),
    });
  }
  return { path, name: card?.name ?? running?.base.name ?? path.replace(/\/+$/u, '').replace(/^.*\//u, '') };
}

function noBase(launcher: Launcher, built: string | undefined): FoilError {
  return new FoilError(
    'base-missing',
    `where is the base on ${launcher.name}? vLLM takes a folder in Hugging Face form`,
    {
      remedy:
        launcher.kind === 'local'
          ? buildIt(built)
          : ['give --base PATH, a folder on that machine', 'or launchers.NAME.base in foil.yaml'],
    },
  );
}

function buildIt(built: string | undefined): string[] {
  return [
    'the base of the shipped models is made of the weights that the embedded engine runs: `npx foil setup models` names the GGUF',
    `then: echo '{"stage": "base", "base": "PATH/OF/BASE.gguf"}' > base.json && npm run train -- base --spec base.json --out ${built ?? 'base'}`,
    'or give --base PATH',
  ];
}

/** vLLM renders the chats of all its adapters with one template, so theirs must be one. A discriminator's is rendered here. */
async function commonTemplate(adapters: readonly Chosen[]): Promise<string> {
  const { installRoot } = await import('../../backends/setup/root.ts');
  const chat = adapters.filter(({ folder }) => folder.card.kind !== 'discriminator');
  const [first] = chat;
  if (!first) return join(installRoot(), 'models', 'chatml.jinja');
  const other = chat.find(({ folder }) => folder.card.template.sha256 !== first.folder.card.template.sha256);
  if (!other) return join(first.folder.dir, first.folder.card.template.file);
  throw new FoilError(
    'template-differs',
    `${first.name} and ${other.name} were trained with different chat templates`,
    {
      where: { file: join(other.folder.dir, 'card.json'), field: 'template.sha256' },
      remedy: 'serve them from two workspaces: a vLLM has one template',
    },
  );
}

/** What `ssh` must be told to reach the machine of an ssh launcher; null for other launchers. */
async function sshWords(cli: Cli, name: string): Promise<string[] | null> {
  const found = (await cli.config()).launchers[name];
  if (found?.kind !== 'ssh') return null;
  const { host, user, port, identity, known_hosts } = found;
  return [
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identity === undefined ? [] : ['-i', identity]),
    ...(known_hosts === undefined ? [] : ['-o', `UserKnownHostsFile=${known_hosts}`]),
    user === undefined ? host : `${user}@${host}`,
  ];
}
