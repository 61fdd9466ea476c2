import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';

/** An empty IndexedDB for each test; the database name is fixed. */
export function freshIndexedDb(): void {
  globalThis.indexedDB = new IDBFactory();
}
