import { join } from 'node:path';
import type { FoilError } from '../../core/errors.ts';
import type { TuringStore } from '../../core/workflows/turing/sitting.ts';
import { type TuringRecord, type TuringSitting, turingFileSchema } from '../../core/workflows/turing/types.ts';
import { createHeaded, type HeadedKind, listHeaded, openHeaded } from '../store/headed.ts';

const SITTINGS: HeadedKind<TuringSitting, TuringRecord> = {
  ...{ what: 'sitting', head: 'sitting', schema: turingFileSchema },
  remedy: {
    taken: 'take another name, or go on with it: foil eval turing next NAME',
    none: 'draw one with `foil eval turing start`',
  },
};

export interface TuringStores {
  list(): Promise<string[]>;
  /** Begins a sitting. @throws FoilError `name-taken`. */
  create(name: string, sitting: TuringSitting): Promise<void>;
  /** @throws FoilError `unknown-sitting` with those there are. */
  open(name: string): Promise<TuringStore>;
}

/** The sittings of a workspace: `turing/NAME.jsonl`, of which the first line is the key, and says what every session is. */
export function openTuringStores(workspace: string, onProblem: (problem: FoilError) => void): TuringStores {
  const dir = join(workspace, 'turing');
  return {
    list: () => listHeaded(dir),
    create: (name, sitting) => createHeaded(SITTINGS, dir, name, sitting),
    open: (name) => openHeaded(SITTINGS, dir, name, onProblem),
  };
}
