import type { MemoryEvent, PreflightEvent } from '../../core/stage/events.ts';
import { formatBytes, formatDuration } from '../../core/text/quantity.ts';
import type { Segment } from '../components/Line.tsx';
import { canStart, type FormState } from './form.ts';
import { wrapped } from './runs-view.ts';

type Row = readonly Segment[];
const MAX_REASONS = 4;

/** What the check of a run found, as rows of `width` cells. */
export function preflightRows(form: FormState, width: number): Row[] {
  const { preflight } = form;
  const { progress, lines, failure } = preflight;
  const rows: Row[] = [...verdict(form, width)];
  for (const event of Object.values(progress.preflights)) rows.push(...splitRows(event));
  if (progress.memory) rows.push(memoryRow(progress.memory));
  if (progress.eta !== null) {
    rows.push([
      { text: ' time      ', tone: 'dim' },
      { text: `about ${formatDuration(progress.eta)}, from the first steps` },
    ]);
  }
  const events = Object.values(progress.preflights);
  const template = events.find((event) => event.template_sha256 !== null)?.template_sha256;
  if (template) rows.push([{ text: ' template  ', tone: 'dim' }, { text: `sha256 ${template.slice(0, 16)}` }]);
  const example = events.find((event) => event.example !== null)?.example;
  if (example) {
    rows.push(
      [{ text: ' ' }],
      [{ text: ' One row as the model sees it; what is trained on stands between ⟦ and ⟧', tone: 'strong' }],
    );
    rows.push(...exampleRows(example, width));
  }
  if (preflight.status === 'running' || failure !== null) {
    rows.push([{ text: ' ' }], ...lines.slice(-12).map((text): Row => [{ text: ` ${text}`, tone: 'dim' }]));
  }
  return rows;
}

function verdict(form: FormState, width: number): Row[] {
  const { status, failure } = form.preflight;
  switch (status) {
    case 'none':
      return [[{ text: ' p checks the run before it starts: rows, tokens, memory, one example', tone: 'dim' }]];
    case 'running':
      return [[{ text: ' checking …', tone: 'warn' }]];
    case 'passed':
      return canStart(form)
        ? [[{ text: ' ✓ passed: Ctrl+S starts the run', tone: 'ok' }]]
        : [[{ text: ' ! the form was changed since this check: p checks again', tone: 'warn' }]];
    case 'failed':
      return wrapped(`✗ not passed: ${failure ?? ''}`, width - 2).map(
        (text): Row => [{ text: ` ${text}`, tone: 'error' }],
      );
  }
}

function splitRows({ split, rows, used, dropped, why, tokens, cut, trained_tokens }: PreflightEvent): Row[] {
  const reasons = new Map<string, number>();
  for (const { reason } of why) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const shown = [...reasons].toSorted((a, b) => b[1] - a[1]).slice(0, MAX_REASONS);
  const figure = (value: number | null | undefined) => (value === null || value === undefined ? '-' : String(value));
  return [
    [
      { text: ` ${split.padEnd(10)}`, tone: 'dim' },
      { text: `${rows} rows in, ${used} used` },
      { text: dropped > 0 ? `, ${dropped} dropped` : '', tone: 'warn' },
      { text: trained_tokens === null ? '' : `, ${trained_tokens} tokens trained on` },
    ],
    [
      { text: ' '.repeat(11) },
      { text: `tokens p50 ${figure(tokens?.p50)}  p95 ${figure(tokens?.p95)}  max ${figure(tokens?.max)}` },
      { text: cut === null ? '' : `  cut ${(100 * cut).toFixed(1)}%`, tone: (cut ?? 0) > 0 ? 'warn' : 'plain' },
    ],
    ...shown.map(([reason, count]): Row => [{ text: `${' '.repeat(11)}${count} dropped: ${reason}`, tone: 'warn' }]),
  ];
}

function memoryRow({ estimate_bytes: need, available_bytes: have, device }: MemoryEvent): Row {
  const word = need === null || have === null ? '' : need <= have ? ', fits' : ', does NOT fit';
  return [
    { text: ' memory    ', tone: 'dim' },
    {
      text: `about ${need === null ? '?' : formatBytes(need)} of ${have === null ? '?' : formatBytes(have)} on ${device ?? 'the device'}`,
    },
    { text: word, tone: need !== null && have !== null && need > have ? 'error' : 'ok' },
  ];
}

/** The example in rows, what is trained on in a tone of its own besides its marks. */
function exampleRows(example: string, width: number): Row[] {
  let trained = false;
  return example.split('\n').flatMap((line) =>
    wrapped(line, width - 2).map((text): Row => {
      const segments: Segment[] = [{ text: ' ' }];
      for (const part of text.split(/(?=⟦)|(?<=⟧)/u)) {
        if (part.startsWith('⟦')) trained = true;
        segments.push({ text: part, tone: trained ? 'user' : 'dim' });
        if (part.endsWith('⟧')) trained = false;
      }
      return segments;
    }),
  );
}
