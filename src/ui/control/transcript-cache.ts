import { makeTranscriptCache } from '../components/transcript.ts';

/** Wrapped rows, shared by the view and by the commands that scroll: both must see the same rows. */
export const transcriptCache = makeTranscriptCache();
