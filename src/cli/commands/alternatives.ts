import { type Command, InvalidArgumentError } from 'commander';
import { FoilError } from '../../core/errors.ts';
import type { Candidate } from '../../core/preference/candidates.ts';
import { rank } from '../../core/preference/candidates.ts';
import { sigmoid } from '../../core/reward/reward.ts';
import type { LiveSession } from '../../core/session/schema.ts';
import { pathTo } from '../../core/session/tree.ts';
import type { ConverseCommand, ConverseEvent } from '../../core/workflows/converse/types.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';
import type { SessionOptions } from '../session.ts';

interface AlternativesOptions extends SessionOptions {
  readonly turn: number;
  readonly n?: number;
  readonly text?: string;
  readonly continue?: number;
  readonly pair?: readonly [chosen: number, rejected: number];
}

/** `foil alternatives`: what `a` does on a user turn of the Chat screen. */
export function registerAlternatives(program: Command, run: Run): void {
  program
    .command('alternatives <session>')
    .description('Sample alternatives of a user turn from its prefix and rank them by r, the original among them.')
    .requiredOption('--turn <t>', 'user turn, from 1', integer(1))
    .option('-n <count>', 'how many to sample (the paper: 8)', integer(1, 64))
    .option('--text <text>', 'a text of your own, scored beside them')
    .option('--continue <index>', 'add this candidate as a branch, and open it', integer(0))
    .option('--pair <chosen,rejected>', 'keep two candidates as a preference pair', twoIndices)
    .option('--simulator <name>', 'instead of the one of the session')
    .option('--discriminator <name>', 'instead of the one of the session')
    .addHelpText(
      'after',
      examples(
        ['foil alternatives live-20260101 --turn 3', '8 alternatives, the same on every call'],
        ['foil alternatives esconv-valid/ID --turn 3 --pair 4,0', 'candidate 4 chosen, the original rejected'],
      ),
    )
    .action(run(alternativesCommand));
}

async function alternativesCommand(cli: Cli, target: string, options: AlternativesOptions): Promise<undefined> {
  const { sessionOf } = await import('../session.ts');
  const { session } = await sessionOf(cli, { ...options, session: target });
  const node = pathTo(session).filter((other) => other.role === 'user')[options.turn - 1];
  if (!node) {
    throw new FoilError('no-turn', `this session has no user turn ${options.turn}`, {
      remedy: 'user turns count from 1',
    });
  }
  const found: Candidate[] = [];
  const take = (event: ConverseEvent) => {
    if (event.type !== 'candidates' || !event.done) return;
    for (const candidate of event.candidates)
      found.push(candidate.index === -1 ? { ...candidate, index: found.length } : candidate);
  };
  let last = await play(
    cli,
    session,
    [
      { type: 'alternatives', node: node.id, ...(options.n === undefined ? {} : { n: options.n }) },
      ...(options.text === undefined ? [] : [{ type: 'rescore' as const, node: node.id, text: options.text }]),
    ],
    take,
  );
  print(cli, rank(found));
  const act: ConverseCommand[] = [];
  if (options.pair !== undefined) {
    const [chosen, rejected] = options.pair;
    act.push({ type: 'pair', node: node.id, chosen: pick(found, chosen), rejected: pick(found, rejected) });
  }
  if (options.continue !== undefined)
    act.push({ type: 'continue', node: node.id, candidate: pick(found, options.continue) });
  if (act.length > 0) {
    last = await play(cli, last, act, (event) => {
      if (event.type === 'pair') {
        cli.out.event({ event: 'pair', pair: event.pair });
        cli.out.line(`preference pair ${event.pair.id} kept`);
      }
    });
    if (options.continue !== undefined) cli.out.line(`the branch is open in session ${last.id}`);
  }
  cli.out.event({ event: 'done', session: last.id });
  return undefined;
}

async function play(
  cli: Cli,
  session: LiveSession,
  commands: ConverseCommand[],
  onEvent: (event: ConverseEvent) => void,
) {
  const { playCommands } = await import('../session.ts');
  return await playCommands(
    cli,
    session,
    commands,
    { seats: { user: 'model', assistant: 'model' }, first: 'user' },
    onEvent,
  );
}

function twoIndices(text: string): [number, number] {
  const [, chosen, rejected] = /^(\d+),(\d+)$/.exec(text) ?? [];
  if (chosen === undefined || rejected === undefined) {
    throw new InvalidArgumentError('It takes two indices of candidates: the chosen, a comma, the rejected.');
  }
  return [Number(chosen), Number(rejected)];
}

function pick(found: readonly Candidate[], index: number): Candidate {
  const candidate = found.find((other) => other.index === index);
  if (candidate) return candidate;
  throw new FoilError('no-candidate', `there is no candidate ${index}`, {
    remedy: `they go from 0 (the original) to ${found.length - 1}`,
  });
}

function print(cli: Cli, ranked: readonly Candidate[]): void {
  cli.out.line('index       r     p  text');
  for (const candidate of ranked) {
    const { index, r, z, text, end } = candidate;
    const p = z === null ? null : sigmoid(z);
    cli.out.event({ event: 'candidate', ...candidate, p });
    const numbers = `${(r === null ? '-' : r.toFixed(2)).padStart(8)}${(p === null ? '-' : p.toFixed(2)).padStart(6)}`;
    const shown = `${text.replaceAll('\n', ' ')}${end ? ' (ends the session)' : ''}`;
    cli.out.line(`${String(index).padStart(5)}${numbers}  ${index === 0 ? '[original] ' : ''}${shown}`);
  }
}
