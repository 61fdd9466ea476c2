/** Manifests behind capability links: split into payloads, and walked back. */
import { utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import { MAX_CAPABILITY_DEPTH, MAX_CAPABILITY_PAYLOADS } from '../limits.ts';
import { ChunkTable } from './chunk-table.ts';
import { formatLink } from './capability.ts';
import type { CapabilityLink } from './capability.ts';
import { parsePayload } from './capability-payload.ts';
import type { Payload } from './capability-payload.ts';
import { assertHeader, headerFieldsOf } from './manifest-fields.ts';
import { assembleManifest } from './manifest-parse.ts';
import type { PackedManifest } from './manifest-parse.ts';
import { rowText } from './manifest-serialize.ts';
import type { ChunkRows, Manifest } from './manifest-types.ts';

/** Rows of one payload: 8000 of at most 126 bytes leave 40 KiB of the 1 MiB for a header with the longest file name. */
const PAYLOAD_ROWS = 8000;

/**
 * Stores a manifest as payloads, parts before what links to them, and gives the link to the whole. `store` seals one
 * payload and stores its chunk. Throws `CORRUPT` for a header that may not stand in a manifest.
 */
export async function storeManifest(
  manifest: Manifest,
  store: (payload: Bytes) => Promise<CapabilityLink>,
): Promise<CapabilityLink> {
  const { header, rows } = manifest;
  assertHeader(header);
  const fields = JSON.stringify({ kind: 'manifest', ...headerFieldsOf(header) }).slice(0, -1);
  if (rows.length <= PAYLOAD_ROWS) {
    return store(utf8(`${fields},"chunks":[${await rowsText(rows, 0)}]}`));
  }
  const parts: string[] = [];
  for (let start = 0; start < rows.length; start += PAYLOAD_ROWS) {
    const part = await store(utf8(`{"kind":"index","chunks":[${await rowsText(rows, start)}]}`));
    parts.push(formatLink(part));
  }
  return store(utf8(`${fields},"parts":${JSON.stringify(parts)}}`));
}

async function rowsText(rows: ChunkRows, start: number): Promise<string> {
  const texts: string[] = [];
  for (let index = start; index < Math.min(start + PAYLOAD_ROWS, rows.length); index++) {
    texts.push(rowText(await rows.at(index)));
  }
  return texts.join(',');
}

/**
 * The manifest behind a link, verified as a whole. `fetchPayload` gives a payload's bytes, verified against its link.
 * Whatever the payloads say, this ends: at most 1024 of them, 4 deep, none twice. Throws `CORRUPT`, `UNSUPPORTED`,
 * `TOO_LARGE`, and what `fetchPayload` throws.
 */
export async function loadManifest(
  link: CapabilityLink,
  fetchPayload: (link: CapabilityLink, signal?: AbortSignal) => Promise<Uint8Array>,
  signal?: AbortSignal,
): Promise<PackedManifest> {
  const rows = new ChunkTable();
  const seen = new Set<string>();

  async function read(next: CapabilityLink, depth: number): Promise<Payload> {
    throwIfAborted(signal);
    if (seen.has(next.id)) throw new AppError('CORRUPT', 'The link leads to the same part twice.');
    if (depth > MAX_CAPABILITY_DEPTH)
      throw new AppError('CORRUPT', 'The link leads through too many levels.');
    if (seen.size >= MAX_CAPABILITY_PAYLOADS)
      throw new AppError('CORRUPT', 'The link leads to too many parts.');
    seen.add(next.id);
    const payload = parsePayload(await fetchPayload(next, signal));
    if (payload.kind !== (depth === 1 ? 'manifest' : 'index')) {
      throw new AppError('CORRUPT', 'The link does not lead to a manifest and its parts.');
    }
    if (payload.content.kind === 'chunks') {
      for (const row of payload.content.rows) rows.append(row);
    } else {
      for (const part of payload.content.links) await read(part, depth + 1);
    }
    return payload;
  }

  const root = await read(link, 1);
  return assembleManifest(root.fields, rows);
}
