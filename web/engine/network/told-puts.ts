import type { SwarmPort } from '../../../shared/engine/ports.ts';
import type { RelayEvent } from '../../../shared/protocol/events.ts';

/**
 * The swarm, and for each chunk that is sent through it an event per receipt: what this page stores is told to it even while the
 * entry relay's stream is down. The engine verifies the receipts afterwards; these events are for display.
 */
export function withToldPuts<S extends SwarmPort>(
  swarm: S,
  wallTime: () => number,
  tell: (events: readonly RelayEvent[]) => void,
): S {
  return {
    ...swarm,
    async put(id, chunk, targets, nonceHex, signal) {
      const size = chunk.length;
      const outcome = await swarm.put(id, chunk, targets, nonceHex, signal);
      const at = wallTime();
      const relays = new Set(outcome.receipts.map(({ relay }) => relay));
      tell(Array.from(relays, (relay) => ({ type: 'chunk-stored', at, id, relay, size })));
      return outcome;
    },
  };
}
