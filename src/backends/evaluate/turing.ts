import { join } from 'node:path';
import type { FoilError } from '../../core/errors.ts';
import type { TuringStores } from '../../core/workflows/turing/sitting.ts';
import { type TuringRecord, type TuringSitting, turingFileSchema } from '../../core/workflows/turing/types.ts';
import { createHeaded, type HeadedKind, listHeaded, openHeaded } from '../store/headed.ts';

const SITTINGS: HeadedKind<TuringSitting, TuringRecord> = {
  ...{ what: 'sitting', head: 'sitting', schema: turingFileSchema },
  remedy: {
    taken: 'take another name, or go on with it: foil eval turing next NAME',
    none: 'draw one with `foil eval turing start`',
  },
};

/** The sittings of a workspace: `turing/NAME.jsonl`, of which the first line is the key, and says what every session is. */
export function openTuringStores(workspace: string, onProblem: (problem: FoilError) => void): TuringStores {
  const dir = join(workspace, 'turing');
  return {
    list: () => listHeaded(dir),
    create: (name, sitting) => createHeaded(SITTINGS, dir, name, sitting),
    open: (name) => openHeaded(SITTINGS, dir, name, onProblem),
  };
}
