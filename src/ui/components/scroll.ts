/**
 * How many rows the frame that scrolls can begin with, as it was drawn last. Text is wrapped where it is drawn, so only there
 * is known where it ends: a key that went beyond would have to be taken back, unseen, before the other way works.
 */
export const scrollable = { tops: 1000 };
