import type { RelayId } from '../ids.ts';

/** A relay as placement sees it. */
export interface Member {
  readonly id: RelayId;
  /** Declared bytes; 0 stores nothing. */
  readonly capacity: number;
  /** Opaque; equal for relays on one host. */
  readonly machine: string;
  /** It was caught claiming chunks that it does not have, says the relay that was asked. Tried last. */
  readonly distrusted?: boolean;
}
