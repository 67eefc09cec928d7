import type { Command } from 'commander';
import { FoilError } from '../../core/errors.ts';
import { nearest } from '../../core/fields.ts';
import type { ModelEntry } from '../../core/ports.ts';
import type { Cli, Run } from '../cli.ts';
import { examples } from '../options.ts';

/** `foil models`: what can take a seat or judge. */
export function registerModels(program: Command, run: Run): void {
  const models = program.command('models').description('The simulators, chatbots and discriminators that Foil knows.');

  models
    .command('list', { isDefault: true })
    .description('One line a model: those of foil.yaml, of the workspace, and those that ship with Foil.')
    .addHelpText(
      'after',
      examples(['foil models', 'all of them'], ['foil models list --json', 'one JSON line a model']),
    )
    .action(run(list));

  models
    .command('show')
    .argument('<name>', 'name of a model')
    .description('The card of a model: base, data, licence, recipe, and validation figures.')
    .addHelpText('after', examples(['foil models show supporter', 'the card of the chatbot']))
    .action(run(show));
}

async function list(cli: Cli): Promise<undefined> {
  const [entries, roles] = [await (await cli.registry()).list(), await cli.roles()];
  const chosen = ({ kind, name }: ModelEntry) => kind !== 'judge' && roles[kind] === name;
  for (const entry of entries) cli.out.event({ event: 'model', ...entry, chosen: chosen(entry) });
  const width = Math.max(...entries.map(({ name }) => name.length));
  for (const entry of entries) {
    const { name, kind, server, summary, licence, unavailable } = entry;
    const about = [`${summary}, ${server}`, licence].filter(Boolean).join(', ');
    const state = unavailable === null ? '' : `  unavailable: ${unavailable}`;
    cli.out.line(`${chosen(entry) ? '*' : ' '} ${kind.padEnd(13)}  ${name.padEnd(width)}  ${about}${state}`);
  }
  cli.out.line();
  cli.out.line('* what a new session starts with (roles in foil.yaml)');
  return;
}

async function show(cli: Cli, name: string): Promise<undefined> {
  const registry = await cli.registry();
  const entries = (await registry.list()).filter((entry) => entry.name === name);
  if (entries.length === 0) {
    const names = (await registry.list()).map((entry) => entry.name);
    const near = nearest(name, names);
    throw new FoilError('unknown-model', `no model is called "${name}"`, {
      remedy: [...(near === undefined ? [] : [`did you mean "${near}"?`]), 'all of them: foil models'],
    });
  }
  const adapter = await registry.card(name);
  for (const entry of entries) {
    cli.out.event({ event: 'model', ...entry, dir: adapter?.dir ?? null, card: adapter?.card ?? null });
    cli.out.line(`${entry.name}: ${entry.kind}, ${entry.summary}, ${entry.server}`);
  }
  if (!adapter) {
    cli.out.line('It has no card: it is no adapter that Foil trained.');
    return;
  }
  const { stringify } = await import('../yaml.ts');
  cli.out.line(adapter.dir);
  cli.out.line();
  cli.out.line(stringify(adapter.card).trimEnd());
  if (adapter.card.lineage !== undefined) await showLineage(cli, name);
  return;
}

/** Where an adopted model came from, back to data. */
async function showLineage(cli: Cli, name: string): Promise<void> {
  const { lineageLines, lineageOf } = await import('../../core/model/lineage.ts');
  const [registry, ports, sessions] = [await cli.registry(), await cli.loops(), await cli.sessions()];
  const corpora = new Set((await sessions.corpora()).map((corpus) => corpus.name));
  const tree = await lineageOf(name, {
    card: async (model) => (await registry.card(model))?.card ?? null,
    mined: (set) => ports.pairs.mined(set),
    sha256: (corpus) => ports.contentHash({ kind: 'corpus', name: corpus }),
    async origin(corpus) {
      if (!corpora.has(corpus)) return null;
      for await (const { origin } of sessions.stream(corpus)) return origin;
      return null;
    },
  });
  cli.out.event({ event: 'lineage', lineage: tree });
  cli.out.line();
  cli.out.line('From this model back to data:');
  for (const line of lineageLines(tree)) cli.out.line(line);
}
