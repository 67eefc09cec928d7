/** So many steps run in one pass of the event loop: less than a millisecond of work. */
const A_PASS = 2;

const waiting: (() => void)[] = [];
let passing = false;

/**
 * Resolves when the next step of a batch may run, in the order of the calls. Replies to many requests come together, and what
 * follows from them (parsing, the next requests) would run in one go: for 256 sessions a tenth of a second, in which no key
 * that is pressed would be seen. So it is done in steps, and between them the event loop looks at everything else.
 */
export function step(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (passing) return;
    passing = true;
    setImmediate(pass);
  });
}

/** An immediate each, so that what follows from a step is done before the next. */
function pass(): void {
  for (const next of waiting.splice(0, A_PASS)) setImmediate(next);
  if (waiting.length > 0) setImmediate(pass);
  else passing = false;
}
