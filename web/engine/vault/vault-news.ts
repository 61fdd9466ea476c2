/** What tabs tell each other of the vault's index. */

/** `wanted`: somebody has a change to make, and whoever compares gives way; `replaced`: another vault is in its place. */
export type VaultNewsItem = 'changed' | 'wanted' | 'replaced';

export interface VaultNews {
  tell(item: VaultNewsItem): void;
  /** What others tell. Returns how to stop. */
  listen(callback: (item: VaultNewsItem) => void): () => void;
  close(): void;
}

const CHANNEL = 'lanvault-vault';
const ITEMS: readonly unknown[] = ['changed', 'wanted', 'replaced'] satisfies VaultNewsItem[];

/** Of this origin's tabs, until it is closed; of nobody unless they share a vault. */
export function openVaultNews(isShared: boolean): VaultNews {
  if (!isShared) return { tell: () => undefined, listen: () => () => undefined, close: () => undefined };
  const channel = new BroadcastChannel(CHANNEL);
  return {
    tell: (item) => channel.postMessage(item),
    listen(callback) {
      const hear = ({ data }: MessageEvent<unknown>): void => {
        if (isItem(data)) callback(data);
      };
      channel.addEventListener('message', hear);
      return () => channel.removeEventListener('message', hear);
    },
    close: () => channel.close(),
  };
}

function isItem(data: unknown): data is VaultNewsItem {
  return ITEMS.includes(data);
}
