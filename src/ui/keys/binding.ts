import type { KeyFacts } from './facts.ts';
import type { Scope } from './places.ts';

/** One line of the key table. `keys` may be empty: such a command is reached by the palette only. */
export interface Binding {
  readonly command: string;
  readonly keys: readonly string[];
  readonly where: Scope;
  /** Two or three words, for the footer. */
  readonly label: string;
  /** One sentence without a full stop, for help, palette and docs. */
  readonly help: string;
  /** Place in the footer, 1 first; left out of the footer if absent. */
  readonly rank?: number;
  /** Shown in the footer for the key, where it stands for several bindings. */
  readonly sign?: string;
  /** Why the key does nothing now, or null if it works. */
  readonly disabled?: (facts: KeyFacts) => string | null;
  /** Whether the footer offers it where it works; it does without this. */
  readonly offered?: (facts: KeyFacts) => boolean;
}
