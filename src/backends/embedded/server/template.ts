import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Template } from '@huggingface/jinja';
import { FoilError } from '../../../core/errors.ts';
import type { EngineMessage } from '../protocol.ts';

/** A private-use character that no template treats specially; marks where the last message's text ends. */
const MARK = '\uE0F1';

/** A chat template, compiled once. */
export class ChatTemplate {
  readonly sha256: string;
  private readonly template: Template;

  constructor(source: string) {
    this.sha256 = createHash('sha256').update(source).digest('hex');
    this.template = new Template(source);
  }

  /** @throws FoilError if the file is missing or is no Jinja template. */
  static async read(file: string): Promise<ChatTemplate> {
    try {
      return new ChatTemplate(await readFile(file, 'utf8'));
    } catch (cause) {
      throw new FoilError('bad-template', `cannot use this chat template: ${(cause as Error).message}`, {
        where: { file },
        remedy: 'give the template.jinja that stands beside the adapter',
        cause,
      });
    }
  }

  /** The prompt; with `generation`, up to where the assistant's turn begins. */
  render(messages: readonly EngineMessage[], generation: boolean): string {
    return this.template.render({
      messages: messages.map((message) => ({ ...message })),
      add_generation_prompt: generation,
    });
  }

  /** The prompt up to the end of the last message's text, so that the model goes on writing it. */
  renderOpen(messages: readonly EngineMessage[]): string {
    const last = messages.at(-1);
    if (!last) return '';
    const marked = this.render([...messages.slice(0, -1), { ...last, content: last.content + MARK }], false);
    return marked.slice(0, marked.lastIndexOf(MARK));
  }
}
