import { type FoilError, formatError } from '../../core/errors.ts';
import type { AgreementWithD } from '../../core/preference/agreement.ts';
import type { ReviewEvent, ReviewOptions, ReviewStats, ShownPair } from '../../core/workflows/review/types.ts';
import { START_TRANSCRIPT, type TranscriptState } from '../components/transcript.ts';
import type { AppState, Message } from './state.ts';

export const REVIEW_PANES = ['history', 'sides'] as const;
export type ReviewPane = (typeof REVIEW_PANES)[number];

/** The Review screen, once it was opened. */
export interface ReviewUi {
  /** The sets are being read. */
  readonly loading: boolean;
  /** Null at the end of the queue, and until there is anything. */
  readonly pair: ShownPair | null;
  readonly options: ReviewOptions;
  readonly stats: ReviewStats | null;
  /** The agreement of blind labels, as far as it is told: each pick by itself would say what D prefers. */
  readonly blind: AgreementWithD | null;
  /** The discriminator that scores an edited side. */
  readonly scoring: string | null;
  /** Why the sitting ended; `r` begins another one. */
  readonly failed: FoilError | null;
  readonly pane: ReviewPane;
  readonly history: TranscriptState;
  /** First row of both sides that shows. */
  readonly top: number;
}

/** While blind, the agreement with D is told every so many picks. */
export const BLIND_EVERY = 10;

export function newReview(options: ReviewOptions): ReviewUi {
  return {
    loading: true,
    pair: null,
    options,
    stats: null,
    blind: null,
    scoring: null,
    failed: null,
    pane: 'history',
    history: START_TRANSCRIPT,
    top: 0,
  };
}

/** What must have been seen before it is judged: a pair, with its sides where they stand. Null without a pair. */
export function pairKey(review: ReviewUi | null): string | null {
  const pair = review?.pair;
  return pair ? `${pair.blind ? 'blind' : 'open'}/${pair.set}/${pair.id}` : null;
}

/** Pure: what an event of the sitting makes of the screen. */
export function reduceReview(state: AppState, event: ReviewEvent): AppState {
  const { review } = state;
  if (!review) return state;
  const change = (next: Partial<ReviewUi>, message: Message | null = state.message): AppState => ({
    ...state,
    review: { ...review, ...next },
    message,
  });
  const said = (tone: Message['tone'], text: string): AppState => change({}, { tone, text });
  switch (event.type) {
    case 'pair': {
      const next = { ...review, loading: false, pair: event.pair, options: event.options };
      const same = pairKey(next) === pairKey(review);
      return change(same ? next : { ...next, history: START_TRANSCRIPT, top: 0 });
    }
    case 'stats': {
      const { blindAgreement } = event.stats;
      const told = review.blind === null || blindAgreement.n % BLIND_EVERY === 0 || !review.options.blind;
      return change({ stats: event.stats, blind: told ? blindAgreement : review.blind });
    }
    case 'decided':
      return said('ok', `${DECIDED_AS[event.decision.decision](event.decision)}; u takes it back`);
    case 'amended':
      return said('ok', amendment(event.decision));
    case 'undone':
      return said('ok', `taken back: ${UNDONE[event.decision.decision]}`);
    case 'refused':
      return said('warn', event.reason);
    case 'scoring':
      return change({ scoring: event.discriminator });
    case 'error':
      return said('error', formatError(event.error).replaceAll('\n', ' '));
  }
}

type Entry = Extract<ReviewEvent, { type: 'decided' | 'amended' }>['decision'];

const DECIDED_AS: Record<Entry['decision'], (entry: Entry) => string> = {
  approve: ({ blind }) => (blind ? `${blind.picked} picked` : 'approved'),
  reject: ({ blind }) => (blind ? 'none picked: rejected' : 'rejected'),
  skip: () => 'skipped',
  amend: () => 'changed',
  undo: () => 'taken back',
};

const UNDONE: Record<Entry['decision'], string> = {
  approve: 'the approval',
  reject: 'the rejection',
  skip: 'the skip',
  amend: 'the last change of this pair',
  undo: 'an undo',
};

function amendment({ swap, edit, note, rescored }: Entry): string {
  if (rescored) return 'scored';
  if (edit) return 'edited; u takes it back';
  if (swap) return 'swapped; u takes it back';
  return note === '' ? 'the note is gone' : 'noted';
}
