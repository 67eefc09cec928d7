import type { Draws } from '../../metrics/bootstrap.ts';
import type { Behind, Estimate } from '../table.ts';
import type { DrawnRate, RatedSource } from './rates.ts';

/** What is compared between real and simulated. */
export interface Measured {
  /** In kebab-case, for the ids of the exhibits. */
  readonly id: string;
  /** `issue rate`, say. */
  readonly title: string;
  readonly format: 'rate' | 'decimal2' | 'decimal3';
  /** Further notes: who annotated, with what agreement. */
  readonly notes: readonly string[];
  /** KL divergence of category proportions by source name, to stand beside r (Table 3); null where there is none. */
  readonly kl?: ReadonlyMap<string, Estimate> | null;
}

/** The name of the mean over simulators. */
export const AGGREGATE = 'Aggregate';

/** A side with a rate for each chatbot of a common list. */
export interface Rated {
  readonly name: string;
  readonly paper: string | null;
  readonly rates: readonly DrawnRate[];
}

/** What each exhibit of the comparison is made of. */
export interface Compared {
  readonly measured: Measured;
  readonly people: Rated;
  /** The simulators, and the aggregate where there are several. */
  readonly models: readonly Rated[];
  /** The chatbots that all sides have met: their order is that of all rates. */
  readonly chatbots: readonly string[];
  readonly notes: readonly string[];
  /** The real side, then the simulators. */
  readonly sources: readonly RatedSource[];
  readonly draws: Draws;
}

/** Sessions of the real side and of one simulator (all of them for null), of one chatbot or all. */
export function behindOf([real, ...models]: readonly RatedSource[], name: string | null, chatbot?: string): Behind[] {
  const sides = [...(real ? [real] : []), ...models.filter((model) => name === null || model.name === name)];
  return sides.flatMap(({ chatbots }) =>
    chatbots.filter((one) => chatbot === undefined || one.chatbot === chatbot).flatMap(({ behind }) => behind),
  );
}
