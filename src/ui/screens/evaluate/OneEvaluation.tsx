import { cellWidth, fitWidth } from '../../../core/text/wrap.ts';
import { simulatedCorpora } from '../../../core/workflows/evaluate/view.ts';
import { Rows } from '../../components/Chart.tsx';
import { Frame } from '../../components/Frame.tsx';
import type { Segment } from '../../components/Line.tsx';
import { List } from '../../components/List.tsx';
import { RowsFrame } from '../../components/RowsFrame.tsx';
import { Box } from '../../ink.ts';
import type { Regions } from '../../layout.ts';
import {
  type Entry,
  type EvaluationsState,
  type EvaluationsView,
  entriesOf,
  type OpenEvaluation,
  shownEntry,
  shownEvaluation,
} from '../../state/evaluate.ts';
import { aboutRows } from '../../state/evaluate-run.ts';
import { wrapped } from '../../state/runs-view.ts';
import { type PaneSize, runsArea } from '../runs/layout.ts';
import { evaluationPanes } from './layout.ts';
import { noteRows, OneExhibit } from './OneExhibit.tsx';

type View = Extract<EvaluationsView, { kind: 'one' }>;

/** One evaluation: its contents, the exhibit that is chosen, and what is to be known of it. */
export function OneEvaluation({ state, view, regions }: { state: EvaluationsState; view: View; regions: Regions }) {
  const shown = shownEvaluation(state);
  if (!shown || (state.failed !== null && state.running === null))
    return <NotRead state={state} name={view.name} size={runsArea(regions)} />;
  const panes = evaluationPanes(regions, view.pane, contentsWidth(shown));
  const entry = shownEntry(state);
  const wide = panes.notes !== null && panes.exhibit !== null;
  return (
    <Box flexDirection="row">
      {panes.contents ? <Contents state={state} shown={shown} view={view} entry={entry} size={panes.contents} /> : null}
      <Box flexDirection="column">
        {panes.exhibit ? (
          <Shown state={state} shown={shown} view={view} entry={entry} wide={wide} size={panes.exhibit} />
        ) : null}
        {panes.notes ? (
          <RowsFrame
            title="Notes"
            rows={noteRows(notesOf(entry), panes.notes.width - 2)}
            top={view.top}
            focused={view.pane === 'notes'}
            {...panes.notes}
          />
        ) : null}
      </Box>
    </Box>
  );
}

function NotRead({ state, name, size }: { state: EvaluationsState; name: string; size: PaneSize }) {
  const { failed } = state;
  const rows = (failed ?? 'reading …').split('\n').flatMap((line) => wrapped(line, size.width - 4));
  const tone = failed === null ? 'dim' : 'error';
  return (
    <Frame title={`Evaluation ─ ${name}`} note={failed === null ? '' : 'r reads it again'} focused {...size}>
      <Rows rows={rows.map((text) => [{ text: ` ${text}`, tone }])} width={size.width - 2} height={size.height - 2} />
    </Frame>
  );
}

interface PaneProps {
  readonly state: EvaluationsState;
  readonly shown: OpenEvaluation;
  readonly view: View;
  readonly entry: Entry;
  readonly size: PaneSize;
}

function Contents({ state, shown, view, entry, size }: PaneProps) {
  const entries = entriesOf(shown.view);
  const here = state.running?.spec.name === view.name ? state.running : null;
  const open = shown.view?.sections.filter((section) => section.state === 'pending').length ?? 0;
  const note = here ? (here.stopping ? 'stopping …' : '● runs here') : open > 0 ? `${open} not computed` : '';
  const width = size.width - 2;
  const at = Math.max(
    0,
    entries.findIndex(({ id }) => id === entry.id),
  );
  const place = entries.length > size.height - 2 ? `${at + 1} of ${entries.length}` : '';
  return (
    <Frame
      title={`Evaluation ─ ${view.name}`}
      note={[note, place].filter(Boolean).join(' · ')}
      focused={view.pane === 'contents'}
      {...size}
    >
      <List
        rows={entries.map((one, at) => ({ key: one.id, segments: entrySegments(one, entries[at - 1], width) }))}
        selected={at}
        width={width}
        height={size.height - 2}
        empty=""
      />
    </Frame>
  );
}

/** Cells that the longest title takes with its frame. */
function contentsWidth({ view }: OpenEvaluation): number {
  const rows = entriesOf(view).map((entry, at, all) => entrySegments(entry, all[at - 1], 0));
  return 4 + Math.max(...rows.map(([title]) => cellWidth(title?.text ?? '')));
}

function entrySegments(entry: Entry, before: Entry | undefined, width: number): Segment[] {
  switch (entry.kind) {
    case 'about':
      return [{ text: ' what is evaluated', tone: 'strong' }];
    case 'pending':
      return [{ text: ` … ${entry.section.title}`, tone: 'dim' }];
    case 'missing':
      return [
        { text: ` – ${entry.section.title}`, tone: 'warn' },
        { text: `  ${entry.section.reason}`, tone: 'dim' },
      ];
    case 'exhibit': {
      const { title, paper, type } = entry.exhibit;
      const first = before?.kind !== 'exhibit' || before.section.metric !== entry.section.metric;
      const mark = first ? '▪' : ' ';
      return [
        { text: ` ${mark} ${type === 'figure' ? '∿ ' : ''}${title}` },
        ...(paper === null || width < 60 ? [] : [{ text: `  ${paper}`, tone: 'dim' as const }]),
      ];
    }
  }
}

function notesOf(entry: Entry): readonly string[] {
  return entry.kind === 'exhibit' ? entry.exhibit.notes : entry.kind === 'missing' ? entry.section.remedy : [];
}

function Shown({ state, shown, view, entry, wide, size }: PaneProps & { wide: boolean }) {
  const width = size.width - 2;
  const focused = view.pane === 'exhibit';
  const simulated = shown.view ? simulatedCorpora(shown.view) : new Set<string>();
  if (entry.kind === 'exhibit')
    return (
      <OneExhibit exhibit={entry.exhibit} simulated={simulated} at={view} focused={focused} wide={wide} size={size} />
    );
  if (entry.kind === 'about') {
    const notices = state.running?.spec.name === view.name ? state.running.notices : [];
    const rows = aboutRows(shown, notices).flatMap(({ head, text }) =>
      wrapped(text, width - 22).map((line, at): Segment[] => [
        { text: ` ${fitWidth(at === 0 ? head : '', 18)} `, tone: head === '!' ? 'warn' : 'strong' },
        { text: line },
      ]),
    );
    return <RowsFrame title="What is evaluated" rows={rows} top={view.row} focused={focused} {...size} />;
  }
  const { title } = entry.section;
  const words =
    entry.kind === 'missing'
      ? [entry.section.reason, ...entry.section.remedy.map((text) => `→ ${text}`)]
      : ['not computed yet: a computes what is missing'];
  const rows = words.flatMap((text) => wrapped(text, width - 2).map((line): Segment[] => [{ text: ` ${line}` }]));
  return <RowsFrame title={title} rows={rows} top={0} focused={focused} {...size} />;
}
