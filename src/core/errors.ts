/**
 * An error that the researcher can act on: what is wrong, where, and what to do about it. Everything that is not a
 * FoilError is a bug of ours, and only bugs show a stack.
 */
export class FoilError extends Error {
  override readonly name = 'FoilError';
  /** Stable, machine-readable kind, shown by `--json`. */
  readonly code: string;
  /** What the researcher can do about it, one step an entry. */
  readonly remedy: readonly string[];
  readonly where: ErrorPlace | undefined;

  constructor(
    code: string,
    message: string,
    options: { remedy?: string | readonly string[]; where?: ErrorPlace; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = typeof options.remedy === 'string' ? [options.remedy] : (options.remedy ?? []);
    this.where = options.where;
  }
}

/** Where bad input stands: `line` counts from 1, `field` is a path such as `turns[3].content`. */
export interface ErrorPlace {
  readonly file?: string;
  readonly line?: number;
  readonly field?: string;
}

export function formatPlace(place: ErrorPlace | undefined): string {
  if (!place) return '';
  const file = place.file === undefined ? '' : place.line === undefined ? place.file : `${place.file}:${place.line}`;
  return [file, place.field === undefined ? '' : `field ${place.field}`].filter(Boolean).join(', ');
}

/** One plain text for a log or a terminal: message, place, remedy; no stack. */
export function formatError(error: unknown): string {
  if (!(error instanceof FoilError)) return error instanceof Error ? error.message : String(error);
  const place = formatPlace(error.where);
  return [place ? `${place}: ${error.message}` : error.message, ...error.remedy.map((step) => `  → ${step}`)].join(
    '\n',
  );
}

/** True for the rejection that an AbortSignal causes, whoever threw it. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'APIUserAbortError');
}

/** What a caught error is for the researcher; null for a cancellation, which is no error. */
export function asFoilError(error: unknown): FoilError | null {
  if (isAbort(error)) return null;
  if (error instanceof FoilError) return error;
  return new FoilError('internal', error instanceof Error ? error.message : String(error), {
    remedy: 'this is a bug of Foil: run again with FOIL_DEBUG=1 and report the log',
    cause: error,
  });
}
