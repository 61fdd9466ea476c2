/** A deletion's state in words. */
import { shortId } from '../../../shared/ids.ts';
import type { DeletionRelay, DeletionState, FileDeletion } from '../../state/engine-types.ts';

export const DELETION_WORDS: Readonly<Record<DeletionState, string>> = {
  waiting: 'Waiting',
  running: 'Deleting',
  deleted: 'Deleted',
  pending: 'Pending',
  failed: 'Not deleted yet',
  stopped: 'Stopped',
};

export const RELAY_WORDS: Readonly<Record<DeletionRelay['state'], string>> = {
  asked: 'asked',
  confirmed: 'deleted',
  pending: 'pending',
};

/** Enough of a relay's id to tell it from others. */
export function relayName(relay: string): string {
  return `Relay ${shortId(relay)}`;
}

/** How many relays have confirmed; null where none has a part. */
export function confirmedWords({ relays }: Pick<FileDeletion, 'relays'>): string | null {
  if (relays.length === 0) return null;
  const confirmed = relays.filter(({ state }) => state === 'confirmed').length;
  return `${confirmed} of ${relays.length} ${relays.length === 1 ? 'relay has' : 'relays have'} confirmed`;
}

/** What it means and what to do; null where the state says all. */
export function explainDeletion({ state, relays, begun, foreignChunks }: FileDeletion): string | null {
  if (state === 'stopped')
    return begun
      ? 'A part of the file may be gone, so it may not open any more. Delete the rest when you like.'
      : 'Nothing was deleted.';
  if (state === 'failed' && begun) return 'A part of the file may be gone already.';
  if (state === 'pending') {
    const away = relays.filter((relay) => relay.state !== 'confirmed').length;
    if (away === 0) return 'No relay could take all of it. It is tried again by itself.';
    return away === 1
      ? 'One relay is away or has not answered. It deletes its copies when it comes back, and is asked again by itself.'
      : `${away} relays are away or have not answered. They delete their copies when they come back, and are asked again by themselves.`;
  }
  if (state === 'deleted' && foreignChunks > 0)
    return 'Some parts were made by another device, which alone can delete them.';
  return null;
}
