import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Of V8's nursery. Half of it makes 20% more work of 256 sessions at once, twice of it costs 15 MB more. */
const NURSERY = 16 * 2 ** 20;
const LOOK_MS = 50;

/**
 * For commands that run for hours beside an engine. V8 gives memory to a process by what the machine has: with 24 GB the nursery
 * grows to 128 MB, since anything that outlives collections (replies that are on their way) makes it double, and old
 * objects may become three times as many before they are looked at. 256 sessions at once live on 20 MB.
 *
 * So the nursery grows to NURSERY and no further, and old objects are looked at when there are half as many again. V8 reads
 * both flags at each collection, so they may be set while it runs, which v8.setFlagsFromString does not promise of others.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50');
  const timer = setInterval(() => {
    const nursery = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if (nursery && nursery.space_size < NURSERY) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(timer);
  }, LOOK_MS).unref();
}
