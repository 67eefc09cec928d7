import { NO_PROGRESS, progressOf } from '../../core/stage/progress.ts';
import type { RunEvent } from '../../core/workflows/runs/types.ts';
import { logReducer, NO_LOG } from './log.ts';
import type { RunDetail } from './runs.ts';

export const NO_DETAIL: RunDetail = { summary: null, progress: NO_PROGRESS, gpus: [], log: NO_LOG, search: null };

/** What was heard of one run. */
export function reduceRun(detail: RunDetail, event: RunEvent): RunDetail {
  switch (event.type) {
    case 'state':
      return { ...detail, summary: event.summary };
    case 'events':
      return { ...detail, progress: progressOf(event.events, detail.progress) };
    case 'log':
      return { ...detail, log: logReducer(detail.log, { type: 'grown', page: event.page }) };
    case 'gpus':
      return { ...detail, gpus: event.readings };
  }
}
