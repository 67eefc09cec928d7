import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isMap, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { fieldPath, nearest } from '../../core/fields.ts';
import { chatbotSchema, faultsSchema } from '../../core/workflows/simulate/chatbots.ts';
import { diskError } from '../store/disk.ts';
import { configSchema, type FoilConfig, launcherKinds, modelKinds, serverSchema } from './schema.ts';

const FILE = 'foil.yaml';

/**
 * Reads `foil.yaml` of a folder, or gives the defaults if there is none. Paths in it count from its folder and come out
 * absolute.
 *
 * Throws FoilError `bad-config` with file, line, field and remedy for the first wrong value, the first in the file.
 */
export async function loadConfig(cwd: string): Promise<FoilConfig> {
  const file = join(cwd, FILE);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ...configSchema.parse({}), file: null };
    if (error instanceof TypeError) {
      throw new FoilError('bad-config', 'the file is not valid UTF-8', { where: { file }, remedy: 'save it as UTF-8' });
    }
    throw diskError(error, file);
  }
  return parseConfig(text, file);
}

/** The configuration in a text; `file` is named in errors, and its folder is where paths count from. */
export function parseConfig(text: string, file: string): FoilConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken) {
    throw new FoilError('bad-config', `not valid YAML: ${broken.message.split('\n')[0]?.replace(/ at line .*/u, '')}`, {
      where: { file, line: Math.min(broken.linePos?.[0].line ?? 1, text.trimEnd().split('\n').length) },
      remedy: 'correct the line; YAML indents with spaces',
    });
  }
  const lineOf = (offset: number | undefined) => (offset === undefined ? 1 : lines.linePos(offset).line);
  const locate = (path: readonly PropertyKey[], key?: string) => lineOf(offsetOf(document.contents, path, key));
  const fail = (problem: Problem): never => {
    const key = problem.key !== undefined && problem.message.includes(`"${problem.key}"`) ? [problem.key] : [];
    const field = fieldPath([...problem.path, ...key]);
    throw new FoilError('bad-config', problem.message, {
      where: { file, line: locate(problem.path, problem.key), ...(field ? { field } : {}) },
      remedy: problem.remedy,
    });
  };
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (error) {
    // An alias without its anchor, or more aliases than yaml allows.
    throw new FoilError('bad-config', `not valid YAML: ${(error as Error).message}`, {
      where: { file },
      remedy: 'write the values out: aliases are not needed here',
    });
  }
  const result = configSchema.safeParse(value);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => describe(issue, value));
    // What is missing comes last: often it is there, misspelt, and then the unknown key says more.
    const missing = ({ message }: Problem) => Number(message === MISSING);
    problems.sort((a, b) => missing(a) - missing(b) || locate(a.path, a.key) - locate(b.path, b.key));
    return fail(problems[0] as Problem);
  }
  const wrong = references(result.data)[0];
  if (wrong) return fail(wrong);
  return { ...absolutePaths(result.data, dirname(file)), file };
}

interface Problem {
  readonly path: readonly PropertyKey[];
  /** The key itself is wrong, not its value. */
  readonly key?: string;
  readonly message: string;
  readonly remedy: string;
}

/** Offset of a value in the text, or of the key `key` of the map there; the nearest parent's if it is not there. */
function offsetOf(root: Node | null, path: readonly PropertyKey[], key?: string): number | undefined {
  let node: unknown = root;
  let offset = root?.range?.[0];
  const step = (name: string, useKey: boolean) => {
    if (!isMap(node)) return false;
    const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === name);
    if (!pair) return false;
    // A map starts on the line below its key: of what is missing or wrong in it as a whole, the key says more.
    const at = (useKey || pair.value === null || isMap(pair.value) ? pair.key : pair.value) as Node;
    offset = at.range?.[0] ?? offset;
    node = pair.value;
    return true;
  };
  for (const part of path) if (!step(String(part), false)) return offset;
  if (key !== undefined) step(key, true);
  return offset;
}

function describe(issue: z.core.$ZodIssue, root: unknown): Problem {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    // A secret may stand in the wrong place; only what can be a misspelt setting is repeated.
    const shown = /^[a-z_ -]{1,24}$/iu.test(key) ? `"${key}"` : 'this key';
    const known = knownKeys(path, root);
    const near =
      /^(?:api_?)?key$|^token$|^secret$/iu.test(key) && known.includes('key_env') ? 'key_env' : nearest(key, known);
    const list = known.length > 0 ? `known here: ${known.join(', ')}` : 'take it out';
    return {
      path,
      key,
      message: `${shown} is not known here`,
      remedy: near ? `did you mean "${near}"? ${list}` : list,
    };
  }
  if (issue.code === 'invalid_union') {
    return {
      path: [...path, ...(issue.discriminator && path.at(-1) !== issue.discriminator ? [issue.discriminator] : [])],
      ...(path[0] === 'launchers'
        ? { message: 'must be ssh, slurm or ray', remedy: 'say how jobs are started there' }
        : { message: 'must be simulator, chatbot or discriminator', remedy: 'say what the model is' }),
    };
  }
  return { path, message: messageOf(issue, path, root), remedy: 'correct the value' };
}

const MAP = 'a map of names and values';
const MISSING = 'is missing';

function messageOf(issue: z.core.$ZodIssue, path: readonly PropertyKey[], root: unknown): string {
  if (issue.code !== 'invalid_type')
    return issue.message.replace(/^(?:Invalid input|Invalid option|Too (?:small|big)): /u, '');
  const value = path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | null | undefined)?.[part],
    root,
  );
  if (value === undefined) return MISSING;
  const expected =
    { object: MAP, record: MAP, int: 'a whole number', array: 'a list' }[String(issue.expected)] ??
    `a ${issue.expected}`;
  const found = value === null ? 'nothing' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  return `must be ${expected}, but is ${found === 'a object' ? 'a map' : found}`;
}

/** The keys that the schema has at a place. */
function knownKeys(path: readonly PropertyKey[], root: unknown): string[] {
  const [first, second, third] = path.map(String);
  if (first === undefined) return Object.keys(configSchema.shape);
  if (first === 'servers') return Object.keys(serverSchema.shape);
  if (first === 'models') {
    const kind = (root as { models?: Record<string, { kind?: unknown }> }).models?.[second ?? '']?.kind;
    const option = modelKinds.options.find((candidate) => candidate.shape.kind.value === kind);
    if (third === 'sampling') return ['temperature', 'top_p', 'top_k', 'min_p', 'max_tokens'];
    return option ? Object.keys(option.shape) : [];
  }
  if (first === 'launchers' && third === undefined) {
    const kind = (root as { launchers?: Record<string, { kind?: unknown }> }).launchers?.[second ?? '']?.kind;
    const option = launcherKinds.options.find((candidate) => candidate.shape.kind.value === kind);
    return option ? Object.keys(option.shape) : [];
  }
  if (first === 'chatbots') {
    if (third === undefined) return Object.keys(chatbotSchema.shape);
    if (third === 'sampling') return ['temperature', 'top_p', 'top_k', 'min_p', 'max_tokens'];
    return third === 'broken' ? Object.keys(faultsSchema.shape) : [];
  }
  if (first === 'budget') return ['tokens', 'money', 'minutes'];
  if (first === 'roles') return ['simulator', 'chatbot', 'discriminator'];
  return first === 'engine' ? ['gguf', 'threads', 'keep_replies'] : [];
}

/** Names that lead nowhere. Roles may also name models that ship with Foil, which only the registry knows. */
function references(config: z.output<typeof configSchema>): Problem[] {
  const servers = Object.keys(config.servers);
  const missing = Object.entries(config.models).flatMap(([name, { server }]): Problem[] => {
    if (server === undefined || servers.includes(server)) return [];
    const near = nearest(server, servers);
    const known = servers.length > 0 ? `servers of this file: ${servers.join(', ')}` : 'add it under "servers"';
    const remedy = near ? `did you mean "${near}"? ${known}` : known;
    return [{ path: ['models', name, 'server'], message: `there is no server "${server}"`, remedy }];
  });
  const wrongKind = Object.entries(config.roles).flatMap(([role, name]): Problem[] => {
    const model = name === null || name === undefined ? undefined : config.models[name];
    if (!model || model.kind === role) return [];
    const fitting = Object.keys(config.models).filter((other) => config.models[other]?.kind === role);
    const remedy = fitting.length > 0 ? `models of this kind: ${fitting.join(', ')}` : `name a ${role}`;
    return [{ path: ['roles', role], message: `"${name}" is a ${model.kind}, not a ${role}`, remedy }];
  });
  return [...missing, ...wrongKind];
}

function absolutePaths(config: z.output<typeof configSchema>, dir: string): z.output<typeof configSchema> {
  const { gguf } = config.engine;
  return {
    ...config,
    engine: { ...config.engine, ...(gguf === undefined ? {} : { gguf: resolve(dir, gguf) }) },
    launchers: Object.fromEntries(
      Object.entries(config.launchers).map(([name, launcher]) => [name, localPaths(launcher, dir)]),
    ),
    models: Object.fromEntries(
      Object.entries(config.models).map(([name, model]) => [
        name,
        {
          ...model,
          ...(model.path === undefined ? {} : { path: resolve(dir, model.path) }),
          ...(model.card === undefined ? {} : { card: resolve(dir, model.card) }),
        },
      ]),
    ),
  };
}

/** Only what ssh reads lies on this machine; it knows what `~/` is. */
function localPaths<T extends z.output<typeof launcherKinds>>(launcher: T, dir: string): T {
  if (launcher.kind !== 'ssh') return launcher;
  const at = (path: string) => (path.startsWith('~/') ? path : resolve(dir, path));
  return {
    ...launcher,
    ...(launcher.identity === undefined ? {} : { identity: at(launcher.identity) }),
    ...(launcher.known_hosts === undefined ? {} : { known_hosts: at(launcher.known_hosts) }),
  };
}
