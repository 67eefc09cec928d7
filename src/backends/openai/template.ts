import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../../core/prompt/messages.ts';

/** A chat template with the sha256 that stands in cards and beside scores. */
export interface ChatTemplate {
  readonly sha256: string;
  /** The prompt of `messages`; with `generation`, up to where the next assistant turn begins. */
  render(messages: readonly ChatMessage[], generation: boolean): string;
}

/** @throws the file system's error if there is no such file, jinja's if it does not parse. */
export async function readTemplate(file: string): Promise<ChatTemplate> {
  const source = await readFile(file, 'utf8');
  const template = new Template(source);
  return {
    sha256: createHash('sha256').update(source).digest('hex'),
    render: (messages, generation) =>
      template.render({ messages: messages.map((message) => ({ ...message })), add_generation_prompt: generation }),
  };
}
