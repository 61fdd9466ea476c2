/** A device key that a tab has opened with the passphrase reaches the other tabs and the service worker, and no disk. */
import { toHex } from '../../../shared/bytes.ts';
import type { LockedKey } from '../../../shared/crypto/passphrase.ts';

const CHANNEL = 'lanvault-device-key';

type KeyMessage =
  | { readonly kind: 'wanted'; readonly lock: string }
  /** The key cannot be exported by who gets it either. */
  | { readonly kind: 'key'; readonly lock: string; readonly key: CryptoKey }
  /** Another one is in the database. */
  | { readonly kind: 'changed' };

export interface DeviceKeyNews {
  /** Gives the key to who asks, until `close`. */
  share(locked: LockedKey, key: CryptoKey): void;
  /** Null when nobody answers in time. */
  ask(locked: LockedKey, timeoutMs: number): Promise<CryptoKey | null>;
  /** Another key is in place of the one that others have. */
  tellChanged(): void;
  onChanged(callback: () => void): void;
  close(): void;
}

/** The news of this origin, until `close` is called. */
export function openDeviceKeyNews(): DeviceKeyNews {
  const channel = new BroadcastChannel(CHANNEL);
  const post = (message: KeyMessage): void => channel.postMessage(message);
  const hear = (callback: (message: KeyMessage) => void): (() => void) => {
    const listener = ({ data }: MessageEvent<unknown>): void => {
      if (isMessage(data)) callback(data);
    };
    channel.addEventListener('message', listener);
    return () => channel.removeEventListener('message', listener);
  };
  return {
    share(locked, key) {
      const lock = toHex(locked.salt);
      hear((message) => {
        if (message.kind === 'wanted' && message.lock === lock) post({ kind: 'key', lock, key });
      });
    },
    ask(locked, timeoutMs) {
      const lock = toHex(locked.salt);
      return new Promise((resolve) => {
        const end = (key: CryptoKey | null): void => {
          clearTimeout(timer);
          stop();
          resolve(key);
        };
        const timer = setTimeout(() => end(null), timeoutMs);
        const stop = hear((message) => {
          if (message.kind === 'key' && message.lock === lock) end(message.key);
        });
        post({ kind: 'wanted', lock });
      });
    },
    tellChanged: () => post({ kind: 'changed' }),
    onChanged(callback) {
      hear((message) => {
        if (message.kind === 'changed') callback();
      });
    },
    close: () => channel.close(),
  };
}

/** Only this app's pages have this channel. */
function isMessage(data: unknown): data is KeyMessage {
  return typeof data === 'object' && data !== null && 'kind' in data;
}
