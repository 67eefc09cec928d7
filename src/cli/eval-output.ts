import { exhibitLines } from '../core/evaluate/render/text.ts';
import type { Exhibit } from '../core/evaluate/table.ts';
import { formatDuration } from '../core/text/quantity.ts';
import type { EvaluateEvent } from '../core/workflows/evaluate/types.ts';
import { simulatedCorpora } from '../core/workflows/evaluate/view.ts';
import type { Cli } from './cli.ts';

/** What shows the events of an evaluation: for programs as they are, for people the tables. */
export function evaluationPrinter(cli: Cli): (event: EvaluateEvent) => void {
  let simulated: ReadonlySet<string> = new Set();
  return (event) => {
    if (event.type === 'begin') simulated = simulatedCorpora(event);
    showEvent(cli, event, simulated);
  };
}

function showEvent(cli: Cli, event: EvaluateEvent, simulated: ReadonlySet<string>): void {
  const { out } = cli;
  const { type, ...rest } = event;
  if (event.type === 'progress') {
    const count = event.done === null ? '' : `${event.done}${event.of === null ? '' : ` of ${event.of}`}`;
    out.progress({ step: event.text, text: count });
    return;
  }
  out.progress(null);
  out.event({ event: type, ...rest });
  switch (event.type) {
    case 'begin':
      for (const { name, corpora, sessions, contexts, chatbots } of event.begin.sides) {
        const about = `${sessions} sessions on ${contexts} contexts, chatbots ${chatbots.join(', ')}`;
        out.line(`${name}: ${corpora.join(', ')}, ${about}`);
      }
      out.line();
      return;
    case 'exhibit':
      printExhibit(cli, event.exhibit, simulated);
      return;
    case 'missing':
      printMissing(cli, event);
      return;
    case 'notice':
      out.notice(event.text);
      return;
    case 'done':
      out.line(
        `${event.computed} computed, ${event.kept} unchanged, ${event.missing} missing, in ${formatDuration(event.seconds)}`,
      );
      out.line(`the report: foil eval report ${event.name}`);
  }
}

/** @param simulated names of the corpora whose sessions are simulated. */
export function printExhibit({ out, around }: Cli, exhibit: Exhibit, simulated: ReadonlySet<string>): void {
  if (out.json) return;
  // a pipe or a file breaks no lines
  const width = around.stdout.isTTY ? Math.max(40, around.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
  for (const line of exhibitLines(exhibit, width, simulated)) out.line(line);
  out.line();
}

export function printMissing(
  { out }: Cli,
  { title, reason, remedy }: { readonly title: string; readonly reason: string; readonly remedy: readonly string[] },
): void {
  out.line(`${title}: not computed, ${reason}`);
  for (const step of remedy) out.line(`  → ${step}`);
  out.line();
}
