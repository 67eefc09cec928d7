import { FoilError } from '../core/errors.ts';
import { fieldPath } from '../core/fields.ts';
import { hyperOf } from '../core/stage/table.ts';
import { type LoopSettings, loopSchema } from '../core/workflows/loop/settings.ts';
import type { Cli } from './cli.ts';
import { parse } from './yaml.ts';

/** What `foil loop new` is given. */
export interface NewLoopOptions {
  readonly simulator?: string;
  readonly train: string;
  readonly valid: string;
  readonly test?: string;
  readonly chatbots?: string;
  readonly iterations?: number;
  readonly heldOut?: string;
  readonly autoApprove?: true;
  readonly launcher?: string;
  readonly set: readonly string[];
}

/** The settings of a new loop. @throws FoilError `usage` that names the setting, or `unknown-corpus`, `unknown-model`. */
export async function newLoop(cli: Cli, name: string, given: NewLoopOptions): Promise<LoopSettings> {
  const [roles, config] = [await cli.roles(), await cli.config()];
  const { train, valid, test = null, launcher } = given;
  const trained = launcher === undefined ? {} : { launcher };
  const settings: Record<string, unknown> = {
    ...{ schema: 1, name, created: cli.clock.now().toISOString(), contexts: { train, valid, test } },
    simulator: given.simulator ?? roles.simulator,
    chatbots: (given.chatbots ?? roles.chatbot).split(',').map((one) => one.trim()),
    ...(given.iterations === undefined ? {} : { iterations: given.iterations }),
    held_out: given.heldOut ?? null,
    ...{ max_user_turns: config.max_user_turns, context_budget: config.context_budget },
    ...{ discriminator: { ...trained }, dpo: { ...trained }, mine: { n: config.alternatives } },
    ...(given.autoApprove ? { review: { by: 'rule' } } : {}),
  };
  for (const text of given.set) setAt(settings, text);
  const parsed = loopSchema.safeParse(settings);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FoilError('usage', `${fieldPath(issue?.path ?? [])}: ${issue?.message ?? 'it cannot be used'}`, {
      remedy: 'docs/loop.md lists the settings',
    });
  }
  await checkParts(cli, parsed.data);
  return parsed.data;
}

/** `a.b=value`, the value as in YAML. */
function setAt(settings: Record<string, unknown>, text: string): void {
  const at = text.indexOf('=');
  const path = text.slice(0, Math.max(0, at)).trim().split('.');
  const last = path.pop();
  if (at < 1 || last === undefined || [...path, last].some((key) => key === '' || key === '__proto__')) {
    throw new FoilError('usage', `--set takes path=value, not "${text}"`, { remedy: 'for example --set dpo.floor=20' });
  }
  let place = settings;
  for (const key of path) {
    const inner = place[key];
    place[key] = typeof inner === 'object' && inner !== null ? inner : {};
    place = place[key] as Record<string, unknown>;
  }
  place[last] = parse(text.slice(at + 1));
}

/** What is named must be there, and hyper-parameters must be some: a loop is not begun to fail after hours. */
async function checkParts(
  cli: Cli,
  { contexts, trained_on, simulator, held_out, discriminator, dpo }: LoopSettings,
): Promise<void> {
  const ports = await cli.loops();
  for (const name of [contexts.train, contexts.valid, contexts.test, ...(trained_on ?? [])]) {
    if (name === null || (await ports.contentHash({ kind: 'corpus', name })) !== null) continue;
    throw new FoilError('unknown-corpus', `there is no corpus "${name}"`, {
      remedy: 'see `foil sessions`; or foil import',
    });
  }
  for (const name of [simulator, held_out]) {
    if (name === null || (await ports.contentHash({ kind: 'model', name })) !== null) continue;
    throw new FoilError('unknown-model', `no model is called "${name}"`, { remedy: 'all of them: foil models' });
  }
  const table = await ports.runs.trainer.table();
  hyperOf(table, 'discriminator', discriminator.preset, discriminator.changes);
  hyperOf(table, 'dpo', dpo.preset, dpo.changes);
  for (const launcher of [discriminator.launcher, dpo.launcher]) await ports.runs.launchers.open(launcher);
}
