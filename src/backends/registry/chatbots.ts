import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { knownNames } from '../../core/fields.ts';
import type { ChatModel, ModelRegistry } from '../../core/ports.ts';
import { type ChatbotConfig, configured, isPlain } from '../../core/workflows/simulate/chatbots.ts';
import { chatbotsSchema, type FoilConfig } from '../config/schema.ts';
import { installRoot } from '../setup/root.ts';

const fileSchema = z.strictObject({ schema: z.literal(1), chatbots: chatbotsSchema });

/** The configurations that ship with Foil and those of foil.yaml, which take their place where the names are the same. */
export async function readChatbots(config: FoilConfig): Promise<Map<string, ChatbotConfig>> {
  const file = join(installRoot(), 'models', 'chatbots.yaml');
  const shipped = fileSchema.parse(parse(await readFile(file, 'utf8')));
  return new Map([...Object.entries(shipped.chatbots), ...Object.entries(config.chatbots)]);
}

export interface OpenChatbot {
  readonly model: ChatModel;
  /** Null for a model as it stands. */
  readonly config: ChatbotConfig | null;
}

/**
 * Chatbots by the names of configurations or models, in that order; `all` stands for every configuration.
 * @throws FoilError `unknown-chatbot` with the names there are.
 */
export async function openChatbots(
  names: readonly string[],
  config: FoilConfig,
  registry: ModelRegistry,
  signal: AbortSignal,
): Promise<OpenChatbot[]> {
  const known = await readChatbots(config);
  const models = new Set((await registry.list()).filter(({ kind }) => kind === 'chatbot').map(({ name }) => name));
  const wanted = [...new Set(names.flatMap((name) => (name === 'all' ? [...known.keys()] : [name])))];
  const opened: OpenChatbot[] = [];
  for (const name of wanted) {
    const found = known.get(name);
    if (!found && !models.has(name)) throw unknown(name, [...new Set([...known.keys(), ...models])]);
    const model = await registry.chatModel(found?.model ?? name, 'chatbot', signal);
    if (!found || (isPlain(found) && found.model === name)) opened.push({ model, config: null });
    else if (models.has(name)) throw taken(name, config);
    else opened.push({ model: configured(name, found, model), config: found });
  }
  return opened;
}

function unknown(name: string, names: readonly string[]): FoilError {
  return new FoilError('unknown-chatbot', `no chatbot is called "${name}"`, {
    remedy: knownNames(name, names, 'add a chatbot to foil.yaml'),
  });
}

/** Sessions are told apart by the chatbot's name: one name must not stand for two. */
function taken(name: string, { file }: FoilConfig): FoilError {
  return new FoilError(
    'same-name',
    `"${name}" is a chatbot model: a configuration that changes it needs another name`,
    {
      where: { ...(file === null ? {} : { file }), field: `chatbots.${name}` },
      remedy: 'give the configuration a name of its own',
    },
  );
}
