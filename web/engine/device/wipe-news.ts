/** Tells the other tabs that this browser forgets everything. */

export interface WipeNews {
  tell(): void;
  /** What other tabs tell. Returns how to stop. */
  listen(callback: () => void): () => void;
}

const CHANNEL = 'lanvault-wipe';

/** The news of this origin, for as long as the page lives. */
export function openWipeNews(): WipeNews {
  const channel = new BroadcastChannel(CHANNEL);
  return {
    tell: () => channel.postMessage(null),
    listen(callback) {
      const hear = (): void => callback();
      channel.addEventListener('message', hear);
      return () => channel.removeEventListener('message', hear);
    },
  };
}
