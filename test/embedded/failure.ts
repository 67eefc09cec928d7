import { expect } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';

/** What the work failed with, which must be a FoilError. */
export async function failure(work: Promise<unknown>): Promise<FoilError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoilError);
  return error as FoilError;
}
