import { safeText } from '../../../core/text/safe.ts';
import type { Place, ShownPair } from '../../../core/workflows/review/types.ts';
import { Rows } from '../../components/Chart.tsx';
import { Frame } from '../../components/Frame.tsx';
import { Line } from '../../components/Line.tsx';
import { RowsFrame } from '../../components/RowsFrame.tsx';
import { Transcript } from '../../components/Transcript.tsx';
import { transcriptWindow } from '../../components/transcript.ts';
import { Box } from '../../ink.ts';
import type { Rect, Regions } from '../../layout.ts';
import type { ReviewUi } from '../../state/review.ts';
import { historyItems, reviewCache, sideRow, sideText } from '../../state/review-text.ts';
import {
  countsRow,
  emptyText,
  pairRow,
  queueNote,
  remarks,
  sideName,
  sideNote,
  statisticsRows,
} from '../../state/review-view.ts';
import { wrapped } from '../../state/runs-view.ts';
import type { AppState, Overlay } from '../../state/state.ts';
import { Status } from '../Status.tsx';
import { type PaneSize, reviewPanes, sideWidth } from './layout.ts';

/** One pair at a time: what was said before, the two sides, what is odd about them, and how far one is. */
export function Review({ state, regions }: { state: AppState; regions: Regions }) {
  const { review } = state;
  const { body, status } = regions;
  if (!review) return null;
  const { pair } = review;
  return (
    <Box flexDirection="column" width={body.width} height={body.height}>
      <Line segments={countsRow(review, body.width)} width={body.width} />
      {pair ? (
        <Pair review={review} pair={pair} regions={regions} />
      ) : (
        <Empty review={review} width={body.width} height={body.height - 1 - status.height} />
      )}
      <Status state={state} width={body.width} height={status.height} />
    </Box>
  );
}

function Pair({ review, pair, regions }: { review: ReviewUi; pair: ShownPair; regions: Regions }) {
  const panes = reviewPanes(pair, regions);
  const { width } = regions.body;
  const { history } = panes;
  const side = (place: Place) => <Side review={review} pair={pair} place={place} size={panes[place]} />;
  return (
    <Box flexDirection="column">
      <Line segments={pairRow(pair)} width={width} />
      <Frame
        title="Context and history"
        note={queueNote(review)}
        focused={review.pane === 'history'}
        width={history.width}
        height={history.height}
      >
        <History review={review} pair={pair} width={history.width - 2} height={history.height - 2} />
      </Frame>
      <Box flexDirection={panes.wide ? 'row' : 'column'}>
        {side('left')}
        {side('right')}
      </Box>
      <Rows rows={remarks(pair, width, panes.remarks)} width={width} height={panes.remarks} />
    </Box>
  );
}

/** The newest turn always stands just above the sides, which answer it. */
function History({ review, pair, width, height }: { review: ReviewUi; pair: ShownPair } & PaneSize) {
  const items = historyItems(pair);
  const { rows } = transcriptWindow(items, review.history, width, height, reviewCache);
  return (
    <Box flexDirection="column" width={width} height={height} paddingTop={rows.length === 0 ? 0 : height - rows.length}>
      <Transcript
        items={items}
        state={review.history}
        width={width}
        height={rows.length === 0 ? height : rows.length}
        cache={reviewCache}
        empty="nothing was said before: this is the first turn"
      />
    </Box>
  );
}

interface SideProps {
  readonly review: ReviewUi;
  readonly pair: ShownPair;
  readonly place: Place;
  readonly size: PaneSize;
}

function Side({ review, pair, place, size }: SideProps) {
  const text = sideText(pair, place, sideWidth(size));
  const height = size.height - 2;
  const last = Math.max(0, text.rows.length - height);
  const top = Math.min(review.top, last);
  const shown = last === 0 ? '' : `rows ${top + 1} to ${top + height} of ${text.rows.length}`;
  const note = [shown, sideNote(pair, pair[place], review.scoring)].filter(Boolean).join(' · ');
  const rows = Array.from({ length: Math.min(height, text.rows.length) }, (_, index) => [
    { text: ' ' },
    ...sideRow(text, top + index),
  ]);
  return (
    <Frame
      title={sideName(pair, place)}
      note={note}
      focused={review.pane === 'sides'}
      width={size.width}
      height={size.height}
    >
      <Rows rows={rows} width={size.width - 2} height={height} />
    </Frame>
  );
}

function Empty({ review, width, height }: { review: ReviewUi } & PaneSize) {
  const rows = safeText(emptyText(review))
    .split('\n')
    .flatMap((line) => wrapped(line, width - 4))
    .map((text) => [{ text: ` ${text}` }]);
  return (
    <Frame title="Review" note={queueNote(review)} focused width={width} height={height}>
      <Rows rows={[[{ text: ' ' }], ...rows]} width={width - 2} height={height - 2} />
    </Frame>
  );
}

/** Pace, agreement and conflicts, and all remarks on the pair. */
export function Statistics({
  state,
  overlay,
  rect,
}: {
  state: AppState;
  overlay: Extract<Overlay, { kind: 'statistics' }>;
  rect: Rect;
}) {
  const rows = state.review ? statisticsRows(state.review, rect.width - 2) : [];
  return <RowsFrame title="Statistics" rows={rows} top={overlay.top} focused width={rect.width} height={rect.height} />;
}
