/** A region of the screen in cells; x and y count from 0 at the upper left. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Regions {
  readonly kind: 'regions';
  readonly columns: number;
  readonly rows: number;
  /** One row. */
  readonly title: Rect;
  /** Between title and footer: what a screen other than Chat fills. */
  readonly body: Rect;
  readonly transcript: Rect;
  /** Beside the transcript, or below it where the terminal is narrow. */
  readonly discriminator: Rect;
  readonly side: 'right' | 'below';
  /** Between panes and composer: what is under way, or the last message. */
  readonly status: Rect;
  readonly composer: Rect;
  /** One row. */
  readonly footer: Rect;
  /** Where an overlay goes: over a screen, above the status. */
  readonly overlay: Rect;
}

export interface TooSmallLayout {
  readonly kind: 'small';
  readonly columns: number;
  readonly rows: number;
  readonly need: { readonly columns: number; readonly rows: number };
}

export type Layout = Regions | TooSmallLayout;

export const MIN_COLUMNS = 60;
export const MIN_ROWS = 16;
/** Below this width a pane beside the transcript would leave fewer than 50 columns for text. */
const SIDE_BY_SIDE = 78;
const MAX_COMPOSER_ROWS = 8;

/**
 * Divides the terminal. `composerRows` is how many rows the composer's text takes; it gets as many up to a quarter of
 * the screen and at most 8, and scrolls beyond. Invariant: regions tile the screen and never exceed it, since a frame
 * taller than the terminal makes Ink repaint everything.
 */
export function layout(columns: number, rows: number, composerRows = 1, statusRows = 1): Layout {
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) {
    return { kind: 'small', columns, rows, need: { columns: MIN_COLUMNS, rows: MIN_ROWS } };
  }
  const composerHeight = Math.max(1, Math.min(composerRows, Math.floor(rows / 4), MAX_COMPOSER_ROWS));
  const title = { x: 0, y: 0, width: columns, height: 1 };
  const footer = { x: 0, y: rows - 1, width: columns, height: 1 };
  const composer = { x: 0, y: rows - 1 - composerHeight, width: columns, height: composerHeight };
  const status = { x: 0, y: composer.y - statusRows, width: columns, height: statusRows };
  const body = { x: 0, y: 1, width: columns, height: rows - 2 };
  const panes = { x: 0, y: 1, width: columns, height: status.y - 1 };
  const overlay = { ...body, height: body.height - statusRows };
  const frame = { kind: 'regions' as const, columns, rows, title, body, status, composer, footer, overlay };
  if (columns >= SIDE_BY_SIDE) {
    const width = Math.min(48, Math.max(28, Math.floor(columns * 0.3)));
    return {
      ...frame,
      side: 'right',
      transcript: { ...panes, width: columns - width },
      discriminator: { ...panes, x: columns - width, width },
    };
  }
  const height = panes.height >= 16 ? 6 : 4;
  return {
    ...frame,
    side: 'below',
    transcript: { ...panes, height: panes.height - height },
    discriminator: { ...panes, y: panes.y + panes.height - height, height },
  };
}
