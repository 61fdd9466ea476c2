import { openDB } from 'idb';
import { AppError } from '../../../shared/errors.ts';
import { DATABASE_NAME, MIGRATIONS, SCHEMA_VERSION } from './schema.ts';
import type { LanvaultDatabase, LanvaultSchema } from './schema.ts';

/**
 * Opens the database and brings its schema up to date. `onClosed` is called when the browser ends the connection, or
 * when a newer build in another tab wants to upgrade: this connection then closes, so that the other is not held up.
 * Throws `UNSUPPORTED` when the data was written by a newer build (it is left as it is), `IO` when the browser gives
 * no storage.
 */
export async function openDatabase(onClosed: () => void): Promise<LanvaultDatabase> {
  let opened: LanvaultDatabase | null = null;
  try {
    opened = await openDB<LanvaultSchema>(DATABASE_NAME, SCHEMA_VERSION, {
      upgrade(database, oldVersion, _newVersion, transaction) {
        for (const migrate of MIGRATIONS.slice(oldVersion)) migrate(database, transaction);
      },
      blocking() {
        opened?.close();
        onClosed();
      },
      terminated: onClosed,
    });
    return opened;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'VersionError') {
      throw new AppError(
        'UNSUPPORTED',
        'A newer version of Lanvault has stored data in this browser. Reload the page to get that version.',
        { cause },
      );
    }
    throw new AppError(
      'IO',
      'This browser gives Lanvault no storage. Allow site data for this address, or leave private browsing.',
      { cause },
    );
  }
}
