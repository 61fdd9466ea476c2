import { AppError } from '../errors.ts';
import { MAX_MANIFEST_BYTES } from '../limits.ts';
import { ChunkTable } from './chunk-table.ts';
import { DeletionRights, assertRightsTo, parseRight } from './deletion-rights.ts';
import { readJson } from './json-stream.ts';
import type { JsonHandler, JsonScalar } from './json-stream.ts';
import {
  HEADER_FIELDS,
  MANIFEST_FORMAT,
  ROW_FIELDS,
  assertFormat,
  headerFrom,
  rowFrom,
} from './manifest-fields.ts';
import type { Fields } from './manifest-fields.ts';
import type { Manifest } from './manifest-types.ts';

export interface PackedManifest extends Manifest {
  readonly rows: ChunkTable;
}

/** A manifest as its text has it. */
export interface ParsedManifest extends PackedManifest {
  /** Of an owner's manifest: the rights to delete the file, checked against its chunks. Null for a reader's. */
  readonly rights: DeletionRights | null;
}

/**
 * Reads the JSON text of a manifest as a stream, into packed rows: 34 MiB for the largest, whatever the text. Keys may
 * come in any order, unknown fields are ignored; chunks must be in order of index. Throws `UNSUPPORTED` for another
 * format version, `TOO_LARGE` above `MAX_MANIFEST_BYTES`, `CORRUPT` for everything that is not a valid manifest: lying
 * sizes, a root that is not the rows', names that are no plain relative path, duplicate keys, rights to delete that are not to this file.
 */
export async function parseManifest(
  text: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<ParsedManifest> {
  const reader = new ManifestReader();
  await readJson(text, reader, MAX_MANIFEST_BYTES, signal);
  const manifest = reader.finish();
  if (manifest.rights !== null) await assertRightsTo(manifest.rows, manifest.rights);
  return manifest;
}

/** The manifest of these parts. Throws as `parseManifest` does. */
export function assembleManifest(fields: Fields, rows: ChunkTable): PackedManifest {
  const header = headerFrom(fields);
  if (rows.sizeBytes !== header.size) {
    throw new AppError('CORRUPT', 'The manifest’s size is not the sum of its chunks.');
  }
  if (rows.merkleRoot !== header.merkleRoot) {
    throw new AppError('CORRUPT', 'The manifest’s merkle_root is not that of its chunks.');
  }
  return { header, rows };
}

/** Depths of the containers: the manifest, its list of chunks, one row. */
const MANIFEST_DEPTH = 1;
const CHUNKS_DEPTH = 2;
const ROW_DEPTH = 3;

class ManifestReader implements JsonHandler {
  readonly #rows = new ChunkTable();
  readonly #header = new Map<string, unknown>();
  #row = new Map<string, unknown>();
  #depth = 0;
  /** The last key of the manifest's own object, and of the current row. */
  #headerKey = '';
  #rowKey = '';
  #inChunks = false;
  #chunksSeen = false;
  #inDeletions = false;
  #rights: DeletionRights | null = null;
  /** What is wrong with the rows, kept until the format is known: a newer version's rows may look like anything. */
  #fault: AppError | null = null;

  open(kind: 'object' | 'array'): void {
    this.#depth++;
    if (this.#depth === MANIFEST_DEPTH && kind !== 'object') throw notAManifest();
    if (this.#depth === CHUNKS_DEPTH && this.#headerKey === 'chunks') {
      if (kind !== 'array') throw notAManifest();
      this.#inChunks = true;
    }
    if (this.#depth === CHUNKS_DEPTH && this.#headerKey === 'deletions') {
      if (kind !== 'array') this.#reject(notAManifest());
      this.#inDeletions = true;
    } else if (this.#inDeletions) this.#reject(notAManifest());
    if (this.#inChunks && this.#depth === ROW_DEPTH) {
      if (kind !== 'object') this.#reject(notAManifest());
      this.#row = new Map();
    }
  }

  close(): void {
    if (this.#inChunks && this.#depth === ROW_DEPTH) this.#endRow();
    if (this.#depth === CHUNKS_DEPTH) this.#inChunks = this.#inDeletions = false;
    this.#depth--;
  }

  key(name: string): void {
    if (this.#depth === MANIFEST_DEPTH) {
      this.#headerKey = name;
      const repeated =
        name === 'chunks'
          ? this.#chunksSeen
          : name === 'deletions'
            ? this.#rights !== null
            : this.#header.has(name);
      if (repeated) throw new AppError('CORRUPT', 'The manifest has the same field twice.');
      if (name === 'chunks') this.#chunksSeen = true;
      else if (name === 'deletions') this.#rights = new DeletionRights();
      // Set now, so that a field with an object or array as its value is seen as well.
      else if (HEADER_FIELDS.has(name)) this.#header.set(name, undefined);
    } else if (this.#inChunks && this.#depth === ROW_DEPTH) {
      this.#rowKey = name;
      if (this.#row.has(name)) this.#reject(new AppError('CORRUPT', 'A chunk has the same field twice.'));
      if (ROW_FIELDS.has(name)) this.#row.set(name, undefined);
    }
  }

  scalar(value: JsonScalar): void {
    if (this.#depth < MANIFEST_DEPTH) throw notAManifest();
    if (this.#depth === MANIFEST_DEPTH) {
      if (this.#headerKey === 'format') assertFormat(value);
      if (this.#headerKey === 'chunks') throw notAManifest();
      if (this.#headerKey === 'deletions') this.#reject(notAManifest());
      if (HEADER_FIELDS.has(this.#headerKey)) this.#header.set(this.#headerKey, value);
    } else if (this.#inDeletions && this.#depth === CHUNKS_DEPTH) {
      this.#addRight(value);
    } else if (this.#inChunks && this.#depth === CHUNKS_DEPTH) {
      this.#reject(notAManifest());
    } else if (this.#inChunks && this.#depth === ROW_DEPTH && ROW_FIELDS.has(this.#rowKey)) {
      this.#row.set(this.#rowKey, value);
    }
  }

  finish(): ParsedManifest {
    assertFormat(this.#header.get('format'));
    if (this.#fault !== null) throw this.#fault;
    if (!this.#chunksSeen) throw notAManifest();
    return { ...assembleManifest(this.#header, this.#rows), rights: this.#rights };
  }

  #addRight(value: JsonScalar): void {
    if (this.#fault !== null) return;
    try {
      this.#rights?.append(parseRight(value));
    } catch (cause) {
      this.#reject(AppError.from(cause));
    }
  }

  #endRow(): void {
    if (this.#fault !== null) return;
    try {
      this.#rows.append(rowFrom(this.#row));
    } catch (cause) {
      this.#reject(AppError.from(cause));
    }
  }

  #reject(fault: AppError): void {
    if (this.#header.get('format') === MANIFEST_FORMAT) throw fault;
    this.#fault ??= fault;
  }
}

function notAManifest(): AppError {
  return new AppError('CORRUPT', 'This is not a Lanvault manifest.');
}
