/** Something long that goes on behind all screens. */
export interface Job {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** How long leaving waits for what is being written. */
const LEAVE_MS = 2000;

/** Stops a job. Resolves when what it was writing is on the disk. */
export async function endJob({ abort, ended }: Job): Promise<void> {
  abort.abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LEAVE_MS);
  });
  await Promise.race([ended, late]);
  clearTimeout(timer);
}
