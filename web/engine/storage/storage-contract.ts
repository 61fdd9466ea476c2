/** What the app's state layer sees of stored data as a whole: what it takes, what is left over, and how a relay is operated. */
import type { UsageFigures } from '../../../shared/engine/stored-usage.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import type { CareReport } from '../../../shared/protocol/care-events.ts';
import type { DepartureStatus } from '../../../shared/protocol/operator-routes.ts';

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Chunks that this device has made and nothing here refers to. */
export interface Leftovers {
  readonly chunks: number;
  /** Of all copies. */
  readonly bytes: number;
  /** There are more than one run deletes. */
  readonly more: boolean;
  /** Too young to be deleted: they may belong to an upload that has just ended. */
  readonly young: number;
  /** Where they lie, most first. */
  readonly relays: readonly { readonly relay: RelayId; readonly chunks: number; readonly bytes: number }[];
}

/** What one look at all relays has found. */
export interface StorageCheck {
  /** Relays whose lists were read. */
  readonly relays: number;
  /** Relays that are away, and have chunks of this device by receipt. */
  readonly absent: readonly RelayId[];
  /** Files of the list that this device has uploaded; null where not all of the lists were read. */
  readonly usage: (UsageFigures & { readonly files: number }) | null;
  readonly leftovers: Leftovers;
}

export interface CleanResult {
  readonly deleted: number;
  /** Left alone: something has come to need them since they were found. */
  readonly kept: number;
  /** No relay took their deletion. */
  readonly failed: number;
  /** Relays that have yet to confirm. */
  readonly pending: readonly RelayId[];
}

export interface StorageState {
  readonly work: 'idle' | 'checking' | 'cleaning';
  /** Chunks looked at, or deleted of how many. */
  readonly done: number;
  readonly count: number | null;
  readonly check: StorageCheck | null;
  /** Of the last cleaning. */
  readonly cleaned: CleanResult | null;
  readonly error: (Failure & { readonly during: 'checking' | 'cleaning' }) | null;
}

export interface OperatorState {
  /** Whether a token that the relay takes is at hand. It is kept in memory, until the page is left. */
  readonly unlocked: boolean;
  /** The relay's; null before it is asked. */
  readonly departure: DepartureStatus | null;
  readonly leaving: boolean;
  readonly repairing: boolean;
  /** Of a repair that runs or ran last. */
  readonly report: CareReport | null;
  readonly error: Failure | null;
}

/** Orders to the relay that serves this page. What goes wrong with one that was taken is the state's `error`. */
export interface OperatorPort {
  /** Called at once and on each change. Returns how to stop. */
  watch(callback: (state: OperatorState) => void): () => void;
  /** Throws `BAD_INPUT` for what is no token, `FORBIDDEN` for another relay's, `UNAVAILABLE`, `TIMEOUT`. */
  unlock(token: string): Promise<void>;
  /** Forgets the token, and what was asked. */
  lock(): void;
  /** Has the relay look at all of its chunks now. Resolves when it has; never rejects. */
  repair(): Promise<void>;
  /** Has the relay hand its chunks over, wipe them and stop. Resolves when it has ended; never rejects. */
  leave(): Promise<void>;
}

export interface StoragePort {
  /** Called at once and on each change, at most 10 times a second. Returns how to stop. */
  watch(callback: (state: StorageState) => void): () => void;
  /** Looks at all relays. Resolves when it has ended; never rejects: what goes wrong is the state's `error`. */
  check(): Promise<void>;
  /** Deletes the leftovers that the last check has found, save what is needed by now; then checks again. Never rejects. */
  clean(): Promise<void>;
  /** Ends what runs. */
  stop(): void;
  readonly operator: OperatorPort;
}
