/** The public catalog from a client's side: entries that verify themselves, from relays that are not trusted to. */
import { AppError, throwIfAborted } from '../errors.ts';
import { parseLink } from '../format/capability.ts';
import type { CapabilityLink } from '../format/capability.ts';
import type { PackedManifest } from '../format/manifest.ts';
import { CATALOG_VERIFY_BATCH, MAX_CATALOG_PAGE_ROWS, MAX_CATALOG_ROWS_READ } from '../limits.ts';
import { catalogListOf, foldName, publicationLink, readPublication } from '../protocol/catalog.ts';
import type { Publication } from '../protocol/catalog.ts';
import type { CatalogChange, CatalogPage, CatalogQuery, CatalogRow } from '../protocol/catalog-routes.ts';
import { entryId, verifyEntry } from '../protocol/records.ts';
import type { ListEntry, ListRemoval } from '../protocol/records.ts';
import { openLink } from './links.ts';
import type { LinkOptions } from './links.ts';

/** The catalog behind an entry relay. Nothing that it returns is trusted. */
export interface CatalogPort {
  page(query: CatalogQuery, signal: AbortSignal): Promise<CatalogPage>;
  /** Throws `DELETED` for an entry that was unpublished, `NO_SPACE` when the catalog is full, `RATE_LIMITED`, `UNAVAILABLE`. */
  publish(entry: ListEntry, signal: AbortSignal): Promise<CatalogChange>;
  unpublish(removal: ListRemoval, signal: AbortSignal): Promise<CatalogChange>;
}

/** A publication whose signature has been checked: its signer says so, whoever that is. */
export interface CatalogEntry {
  readonly id: string;
  readonly publication: Publication;
  readonly link: CapabilityLink;
}

export interface CatalogSummary {
  /** Rows that were forged, malformed, not asked for or not their signer's first, here or at the relay. */
  readonly skipped: number;
  /** Parts of the catalog, of 16, that no relay could be reached for: what they hold is missing, not gone. */
  readonly unreachable: number;
  /** Whether the catalog went on beyond what one listing reads. */
  readonly truncated: boolean;
}

export interface ListOptions {
  readonly catalog: Pick<CatalogPort, 'page'>;
  /** Part of a name; case does not count. */
  readonly q?: string;
  /** Rows, good and bad, after which the listing ends; default `MAX_CATALOG_ROWS_READ`. */
  readonly maxRows?: number;
  /** Entries that an earlier listing has verified, by id: their signatures are not checked again. */
  readonly verified?: ReadonlyMap<string, CatalogEntry>;
  /** Once, at the end of a whole listing. */
  readonly onSummary?: (summary: CatalogSummary) => void;
}

/** Throws what the port throws. Memory: one page, and a key for each signer. */
export async function* listCatalog(
  { catalog, q = '', maxRows = MAX_CATALOG_ROWS_READ, verified = new Map(), onSummary }: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<CatalogEntry> {
  const wanted = foldName(q);
  const signers = new Set<string>();
  let [rows, skipped, unreachable] = [0, 0, 0];
  let cursor: string | null = null;
  do {
    const query: CatalogQuery = { limit: MAX_CATALOG_PAGE_ROWS, ...(q === '' ? {} : { q }) };
    const page: CatalogPage = await catalog.page(cursor === null ? query : { ...query, cursor }, signal);
    const before = signers.size;
    for await (const { row, entry } of verify(page.entries, verified, signal)) {
      if (
        entry === null ||
        signers.has(row.public_key) ||
        !foldName(entry.publication.name).includes(wanted)
      ) {
        skipped++;
        continue;
      }
      signers.add(row.public_key);
      yield entry;
    }
    rows += page.entries.length;
    skipped += page.skipped;
    unreachable += page.unreachable;
    // A page without news ends it: a relay must not keep its client turning pages.
    cursor = signers.size > before ? page.next : null;
  } while (cursor !== null && rows < maxRows);
  onSummary?.({ skipped, unreachable, truncated: cursor !== null });
}

/**
 * The manifest that an entry leads to. Throws `CORRUPT` when it is that of a file of another size than the entry says, and what
 * `openLink` throws.
 */
export async function openPublication(
  { link, publication }: CatalogEntry,
  options: LinkOptions,
  signal: AbortSignal,
): Promise<PackedManifest> {
  const manifest = await openLink(link, options, signal);
  if (manifest.header.size !== publication.size)
    throw new AppError('CORRUPT', 'The catalog’s entry does not tell the truth about its file.');
  return manifest;
}

async function* verify(
  rows: readonly CatalogRow[],
  verified: ReadonlyMap<string, CatalogEntry>,
  signal: AbortSignal,
): AsyncGenerator<{ row: CatalogRow; entry: CatalogEntry | null }> {
  for (let at = 0; at < rows.length; at += CATALOG_VERIFY_BATCH) {
    throwIfAborted(signal);
    const batch = rows.slice(at, at + CATALOG_VERIFY_BATCH);
    yield* await Promise.all(batch.map(async (row) => ({ row, entry: await readRow(row, verified) })));
  }
}

/** Null for a row that is not what it says. Only what is signed counts, not what the relay has read from it. */
async function readRow(
  { id, public_key, value, signature }: CatalogRow,
  verified: ReadonlyMap<string, CatalogEntry>,
): Promise<CatalogEntry | null> {
  const entry = { public_key, value, signature };
  const publication = readPublication(entry);
  if (publication === null) return null;
  const list = catalogListOf(public_key);
  if (entryId(list, entry) !== id) return null;
  // An id is the hash of all that is signed.
  const known = verified.get(id);
  if (known !== undefined) return known;
  try {
    await verifyEntry(list, entry);
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'FORBIDDEN') return null;
    throw cause;
  }
  return { id, publication, link: parseLink(publicationLink(publication)) };
}
