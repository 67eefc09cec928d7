import { FoilError } from '../core/errors.ts';
import { fieldPath } from '../core/fields.ts';
import { checkLoop } from '../core/workflows/loop/new.ts';
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
  readonly sessions?: string;
  readonly discriminator?: string;
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
    ...givenOf(given),
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
  await checkLoop(await cli.loops(), parsed.data);
  return parsed.data;
}

function givenOf({ sessions, discriminator }: NewLoopOptions): Record<string, unknown> {
  if (sessions === undefined) {
    if (discriminator === undefined) return {};
    throw new FoilError('usage', '--discriminator needs the sessions that it learnt from', {
      remedy: '--sessions TRAIN,VALID or TRAIN,VALID,TEST',
    });
  }
  const [train, valid, test] = sessions.split(',').map((one) => one.trim());
  return { given: { sessions: { train, valid, test: test ?? null }, discriminator: discriminator ?? null } };
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
