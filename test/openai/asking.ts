import { OpenAIChatModel, type OpenAIChatOptions } from '../../src/backends/openai/chat.ts';
import type { ChatModel, GenerateEvent, GenerateRequest } from '../../src/core/ports.ts';
import { type Answer, chunk, endpointOf, stream } from './server.ts';

const NEVER = { tokenId: null, marker: null };
export const REQUEST: GenerateRequest = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
  ],
  n: 1,
  seed: 40,
  sampling: { temperature: 0.7, max_tokens: 20 },
};

export function modelAt(base: string, options: Partial<OpenAIChatOptions> = {}): OpenAIChatModel {
  return new OpenAIChatModel({
    ...{ name: 'tester', model: 'org/model', sampling: {}, system: null, flip: true, window: null, end: NEVER },
    endpoint: endpointOf(base),
    ...options,
  });
}

export async function collect(
  model: Pick<ChatModel, 'generate'>,
  request: Partial<GenerateRequest> = {},
  signal = new AbortController().signal,
): Promise<{ deltas: string[]; choices: GenerateEvent[]; error: unknown }> {
  const deltas: string[] = [];
  const choices: GenerateEvent[] = [];
  try {
    for await (const event of model.generate({ ...REQUEST, ...request }, signal)) {
      if (event.type === 'delta') deltas[event.index] = (deltas[event.index] ?? '') + event.text;
      else choices.push(event);
    }
    return { deltas, choices, error: null };
  } catch (error) {
    return { deltas, choices, error };
  }
}

/** Says one text, in as many pieces as it has words. */
export const says =
  (text: string, finish = 'stop', more: object = {}): Answer =>
  (_, response) => {
    stream(response);
    for (const word of text.split(/(?<=\s)/u)) response.write(chunk(0, word));
    response.end(`${chunk(0, '', finish, more)}data: [DONE]\n\n`);
  };
