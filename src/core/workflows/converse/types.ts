import type { FoilError } from '../../errors.ts';
import type { Candidate } from '../../preference/candidates.ts';
import type { PreferencePair } from '../../preference/schema.ts';
import type { Context, LiveSession, Role, Score, TurnNode } from '../../session/schema.ts';

/** Who sits in a seat: a person, or the model of that role. */
export type Seat = 'human' | 'model';
export type Seats = Readonly<Record<Role, Seat>>;

export type ConverseCommand =
  /** The person in the seat whose turn it is speaks; `end` ends the session from the user's seat. */
  | { readonly type: 'say'; readonly text: string; readonly end?: boolean }
  /** One turn by a model, whoever sits in its seat. */
  | { readonly type: 'step' }
  /** Model turns until a person's turn comes, the session ends, or `pause`. */
  | { readonly type: 'run' }
  | { readonly type: 'pause' }
  /** Cancels what is being computed; a reply cut off in mid-stream is kept and marked. */
  | { readonly type: 'stop' }
  /** Asks again for the partial turn at the head, or computes the scores that failed. */
  | { readonly type: 'retry' }
  | { readonly type: 'seat'; readonly role: Role; readonly seat: Seat }
  | {
      readonly type: 'switch';
      readonly simulator?: string;
      readonly chatbot?: string;
      readonly discriminator?: string | null;
    }
  | { readonly type: 'context'; readonly context: Context }
  /** Opens the branch through a turn, at its newest tip (or at the turn itself with `exact`). */
  | { readonly type: 'goto'; readonly node: number; readonly exact?: boolean }
  /** `known`: how many candidates there are already, the original among them; new samples join them. */
  | { readonly type: 'alternatives'; readonly node: number; readonly n?: number; readonly known?: number }
  /** Adds an alternative of `node` to the tree as a branch and opens it. */
  | { readonly type: 'continue'; readonly node: number; readonly candidate: Candidate }
  /** A new sibling of `node` with another text, scored, and opened. */
  | { readonly type: 'edit'; readonly node: number; readonly text: string }
  /** Scores an edited text beside the alternatives without touching the tree. */
  | { readonly type: 'rescore'; readonly node: number; readonly text: string }
  | { readonly type: 'pair'; readonly node: number; readonly chosen: Candidate; readonly rejected: Candidate };

/** What is being computed now; null when the workflow waits for a command. */
export type Activity =
  | { readonly kind: 'loading'; readonly model: string }
  | { readonly kind: 'speaking'; readonly role: Role; readonly model: string }
  | { readonly kind: 'judging'; readonly node: number }
  | {
      readonly kind: 'alternatives';
      readonly node: number;
      /** Of `of` that are asked for. */
      readonly sampled: number;
      readonly of: number;
      /** Of `toJudge`: the samples, and in the first round the original. */
      readonly judged: number;
      readonly toJudge: number;
    };

export type ConverseEvent =
  /** The whole state after anything but a delta; must be delivered. Saved before it is sent. */
  | { readonly type: 'session'; readonly session: LiveSession }
  | { readonly type: 'seats'; readonly seats: Seats; readonly running: boolean }
  | { readonly type: 'activity'; readonly activity: Activity | null }
  /** Lossy: the turn that follows holds the whole text. */
  | { readonly type: 'delta'; readonly role: Role; readonly text: string }
  | { readonly type: 'turn'; readonly node: TurnNode }
  | {
      readonly type: 'scored';
      readonly node: number;
      readonly discriminator: string;
      readonly score: Score;
      readonly r: number;
    }
  | {
      readonly type: 'candidates';
      readonly node: number;
      /** New candidates only, ranked among themselves. */
      readonly candidates: readonly Candidate[];
      /** z_{t-1}; null without a discriminator. */
      readonly previousZ: number | null;
      readonly done: boolean;
    }
  | { readonly type: 'pair'; readonly pair: PreferencePair }
  | { readonly type: 'ended'; readonly by: 'simulator' | 'person' | 'cap' }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'error'; readonly error: FoilError; readonly retry: boolean };

export interface ConverseOptions {
  readonly seats: Seats;
  /** The side that opens an empty session. */
  readonly first: Role;
  readonly contextBudget?: number | undefined;
  /** Alternatives a turn; 8 in the paper. */
  readonly alternatives: number;
  /** Running stops after this many user turns. */
  readonly maxUserTurns: number;
}
