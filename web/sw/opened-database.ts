import { openDatabase } from '../engine/database/open-database.ts';
import type { LanvaultDatabase } from '../engine/database/schema.ts';
import { openVault } from '../engine/database/vault-store.ts';

export interface OpenedDatabase {
  readonly database: LanvaultDatabase;
  readonly deviceKey: CryptoKey;
}

/** The browser's database as the service worker sees it: opened when it is first needed, and again when it was closed. */
export class DatabaseOpener {
  #opening: Promise<OpenedDatabase> | null = null;

  /** Throws `UNSUPPORTED` (a newer build's), `IO`, `CORRUPT`. */
  open(): Promise<OpenedDatabase> {
    this.#opening ??= this.#open().catch((cause: unknown) => {
      this.#opening = null;
      throw cause;
    });
    return this.#opening;
  }

  async #open(): Promise<OpenedDatabase> {
    const database = await openDatabase(() => {
      this.#opening = null;
    });
    return { database, deviceKey: (await openVault(database)).deviceKey };
  }
}
