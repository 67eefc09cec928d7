import { join } from 'node:path';
import { ChatTemplate } from '../backends/embedded/server/template.ts';
import { installRoot } from '../backends/setup/root.ts';
import type { ReviewedPair } from '../core/preference/decisions.ts';
import { promptOf } from '../core/preference/exchange.ts';
import type { Cli } from './cli.ts';

/**
 * Prints a pair as the simulator reads it, with every token of the template: the prompt, then each side with the tokens that
 * end its turn and, where it ends the session, that one too. The template is the simulator's own, or the one of our adapters.
 */
export async function previewPair(cli: Cli, pair: ReviewedPair): Promise<void> {
  const adapter = await (await cli.registry()).card(pair.simulator);
  const file = adapter ? join(adapter.dir, adapter.card.template.file) : join(installRoot(), 'models', 'chatml.jinja');
  const template = await ChatTemplate.read(file);
  const messages = promptOf(pair);
  const prompt = template.render(messages, true);
  const rest = ({ content, end }: ReviewedPair['chosen']) =>
    template
      .render([...messages, { role: 'assistant', content, ...(end ? { end: true } : {}) }], false)
      .slice(prompt.length)
      .trimEnd();
  const rendered = { prompt, chosen: rest(pair.chosen), rejected: rest(pair.rejected) };
  cli.out.event({ event: 'preview', set: pair.set, pair: pair.id, template: template.sha256, ...rendered });
  cli.out.line(`--- ${pair.set}/${pair.id}: prompt`);
  cli.out.line(rendered.prompt);
  cli.out.line('--- chosen');
  cli.out.line(rendered.chosen);
  cli.out.line('--- rejected');
  cli.out.line(rendered.rejected);
}
