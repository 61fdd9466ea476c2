/** Tells the other tabs and the service worker what becomes of the swarm key; a service worker that sleeps reads it afresh anyway. */

export type SwarmKeyChange = 'kept' | 'forgotten';

export interface SwarmKeyNews {
  tell(change: SwarmKeyChange): void;
  /** What others tell. Returns how to stop. */
  listen(callback: (change: SwarmKeyChange) => void): () => void;
}

const CHANNEL = 'lanvault-swarm-key';

/** The news of this origin, until `close` is called. */
export function openSwarmKeyNews(): SwarmKeyNews & { close(): void } {
  const channel = new BroadcastChannel(CHANNEL);
  return {
    tell: (change) => channel.postMessage(change),
    listen(callback) {
      const hear = ({ data }: MessageEvent<unknown>): void => {
        if (data === 'kept' || data === 'forgotten') callback(data);
      };
      channel.addEventListener('message', hear);
      return () => channel.removeEventListener('message', hear);
    },
    close: () => channel.close(),
  };
}
