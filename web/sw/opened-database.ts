import { openDatabase } from '../engine/database/open-database.ts';
import type { LanvaultDatabase } from '../engine/database/schema.ts';
import { openDeviceKeyNews } from '../engine/database/device-key-news.ts';
import { openVault, vaultLocked } from '../engine/database/vault-store.ts';

/** The page that asks for a stream may be busy. */
const ASK_PAGES_MS = 3000;

export interface OpenedDatabase {
  readonly database: LanvaultDatabase;
  readonly deviceKey: CryptoKey;
}

/** The browser's database as the service worker sees it: opened when it is first needed, and again when it was closed. */
export class DatabaseOpener {
  readonly #keyNews = openDeviceKeyNews();
  #opening: Promise<OpenedDatabase> | null = null;

  readonly #askPagesMs: number;

  /** `askPagesMs`: how long pages are given to hand out the key of a locked database. */
  constructor({ askPagesMs = ASK_PAGES_MS }: { readonly askPagesMs?: number } = {}) {
    this.#askPagesMs = askPagesMs;
    this.#keyNews.onChanged(() => {
      this.#opening = null;
    });
  }

  /** Throws `UNSUPPORTED` (a newer build's), `IO`, `CORRUPT`, `UNAVAILABLE` (locked, and no page has opened it). */
  open(): Promise<OpenedDatabase> {
    this.#opening ??= this.#open().catch((cause: unknown) => {
      this.#opening = null;
      throw cause;
    });
    return this.#opening;
  }

  close(): void {
    this.#keyNews.close();
  }

  async #open(): Promise<OpenedDatabase> {
    const database = await openDatabase(() => {
      this.#opening = null;
    });
    const { deviceKey } = await openVault(database, async (locked) => {
      const key = await this.#keyNews.ask(locked, this.#askPagesMs);
      if (key === null) throw vaultLocked();
      return key;
    });
    return { database, deviceKey };
  }
}
