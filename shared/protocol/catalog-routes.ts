/** The public catalog over HTTP. Nothing in a row is to be believed before its signature has been checked. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { CATALOG_SHARDS, MAX_CATALOG_PAGE_ROWS, MAX_CATALOG_QUERY_CHARS, REPLICAS } from '../limits.ts';
import { ListEntry, ListRemoval } from './records.ts';
import { Cursor, Hex, Id, SafeInteger } from './schemas.ts';

export const CatalogRow = Type.Object({
  /** The entry's id: SHA-256 of what its signer has signed. */
  id: Id,
  public_key: Hex(32),
  /** The publication, base64url of its JSON; what follows `signature` is read from this, for people with `curl`. */
  value: ListEntry.properties.value,
  signature: Hex(64),
  name: Type.String(),
  size: SafeInteger,
  type: Type.String(),
  created: Type.String(),
  /** `lanvault:<id>#<key>`: whoever has it can read the file. */
  link: Type.String(),
});
export type CatalogRow = Static<typeof CatalogRow>;

export const CatalogPage = Type.Object({
  entries: Type.Array(CatalogRow, { maxItems: MAX_CATALOG_PAGE_ROWS }),
  /** Entries that are no publication, or not their signer's first, in the shards that this page begins. */
  skipped: SafeInteger,
  /** Shards, of those that this page begins, no holder of which could be reached: what they hold is missing, not gone. */
  unreachable: Type.Integer({ minimum: 0, maximum: CATALOG_SHARDS }),
  next: Cursor,
});
export type CatalogPage = Static<typeof CatalogPage>;

export const CatalogQuery = Type.Object({
  /** Part of a name; case does not count. */
  q: Type.Optional(Type.String({ maxLength: MAX_CATALOG_QUERY_CHARS })),
  cursor: Type.Optional(Type.String({ pattern: '^[0-9a-f]{66}$' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_CATALOG_PAGE_ROWS })),
});
export type CatalogQuery = Static<typeof CatalogQuery>;

export const CatalogChange = Type.Object({
  /** The entry's id. */
  id: Id,
  /** Relays that have the change durably. */
  holders: Type.Array(Id, { maxItems: REPLICAS }),
});
export type CatalogChange = Static<typeof CatalogChange>;

export const catalogRoutes = {
  catalog: {
    method: 'GET',
    path: '/catalog',
    query: CatalogQuery,
    response: CatalogPage,
    summary: 'The public catalog, in pages, or those of its entries whose name holds the text `q`',
  },
  publish: {
    method: 'POST',
    path: '/catalog',
    body: ListEntry,
    response: CatalogChange,
    summary: 'Publish: a signed entry, with which anyone on the swarm can read the file',
  },
  unpublish: {
    method: 'DELETE',
    path: '/catalog/:entry',
    params: Type.Object({ entry: Id }),
    body: ListRemoval,
    response: CatalogChange,
    summary: 'Unpublish: a removal signed by the entry’s own signer',
  },
} as const;
