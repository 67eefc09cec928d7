import { actionExhibits } from '../../evaluate/actions.ts';
import type { AnnotatedSource, AnnotatorAbout } from '../../evaluate/annotations.ts';
import { calibrationExhibits } from '../../evaluate/calibration.ts';
import { discriminatorExhibits } from '../../evaluate/discriminators.ts';
import { linguisticExhibits } from '../../evaluate/linguistic.ts';
import type { Source } from '../../evaluate/source.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import type { Task } from '../../evaluate/taxonomy.ts';
import type { Scorer } from '../../evaluate/verdicts.ts';
import type { Draws } from '../../metrics/bootstrap.ts';

/** Sides with what an annotator found in them. */
export interface Annotated {
  readonly sources: readonly AnnotatedSource[];
  readonly about: AnnotatorAbout;
}

/** What metrics are computed from. */
export interface Inputs {
  readonly real: Source;
  readonly simulated: readonly Source[];
  readonly training: Source | null;
  readonly scorers: readonly Scorer[];
  readonly annotated: Readonly<Record<Task, Annotated | null>>;
  readonly draws: Draws;
}

/** What of the inputs a metric reads beside the sessions: it waits for that, and is decided by it. */
export type Need = 'training' | 'scores' | Task;

/** A family of exhibits that are computed together. */
export interface Metric {
  /** What `--metrics` takes. */
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Need[];
  /** Raised with any change of what it computes: what was computed by an older one does not count. */
  readonly version: number;
  readonly exhibits: (inputs: Inputs) => Exhibit[];
}

/** In the order in which reports show them: the paper's, then what it lacks. */
export const METRICS: readonly Metric[] = [
  {
    ...{ id: 'linguistic', title: 'Linguistic features', needs: [], version: 1 },
    exhibits: ({ real, simulated, draws }) => linguisticExhibits([real, ...simulated], draws),
  },
  {
    ...{ id: 'actions', title: 'User actions', needs: ['actions'], version: 1 },
    exhibits: ({ annotated: { actions }, draws }) =>
      actions ? actionExhibits(actions.sources, actions.about, draws) : [],
  },
  {
    ...{ id: 'discriminators', title: 'Discriminators', needs: ['scores'], version: 1 },
    exhibits: ({ scorers, real, simulated, draws }) => discriminatorExhibits(scorers, real, simulated, draws),
  },
  {
    ...{ id: 'calibration', title: 'Calibration of the discriminators', needs: ['scores'], version: 1 },
    exhibits: ({ scorers, real, simulated, draws }) => calibrationExhibits(scorers, real, simulated, draws),
  },
];
