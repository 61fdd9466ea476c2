/**
 * A device's index as JSON payloads of at most 1 MiB, each stored as one chunk with a key of its own:
 * - `{"kind":"vault-index","version":1,"devices":[device id…],"parts":[link…]}`, the root, and
 * - `{"kind":"vault-index-part","entries":[entry…]}`: entries by the first bits of their ids, in order.
 * The same entries give the same bytes, so that a change sends the root and one part.
 */
import * as Type from 'typebox';
import { utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { formatLink, parseLink } from '../format/capability.ts';
import type { CapabilityLink } from '../format/capability.ts';
import {
  INDEX_PART_BYTES,
  MAX_CAPABILITY_PAYLOAD_BYTES,
  MAX_INDEX_ENTRIES,
  MAX_INDEX_PARTS,
  MAX_VAULT_DEVICES,
} from '../limits.ts';
import { parseJsonWith } from '../protocol/schemas.ts';
import { canonicalJson } from './canonical-json.ts';
import { DeviceIdHex, compareText, parseEntry } from './index-entry.ts';
import type { IndexEntry } from './index-entry.ts';

const VERSION = 1;

const Root = Type.Object({
  kind: Type.Literal('vault-index'),
  version: Type.Integer(),
  devices: Type.Array(DeviceIdHex, { maxItems: MAX_VAULT_DEVICES }),
  parts: Type.Array(Type.String(), { maxItems: MAX_INDEX_PARTS }),
});

const Part = Type.Object({
  kind: Type.Literal('vault-index-part'),
  entries: Type.Array(Type.Unknown(), { maxItems: MAX_INDEX_ENTRIES }),
});

export interface IndexRoot {
  /** Devices of the vault that this one knows of, itself included; 16 bytes as hex. */
  readonly devices: readonly string[];
  readonly parts: readonly CapabilityLink[];
}

/** Throws `TOO_LARGE` for more than `MAX_INDEX_PARTS` full parts. */
export function packEntries(entries: Iterable<IndexEntry>): Bytes[] {
  const texts: { id: string; text: string }[] = [];
  let sizeBytes = 0;
  for (const entry of entries) {
    const text = canonicalJson(entry);
    texts.push({ id: entry.id, text });
    sizeBytes += utf8(text).length + 1;
  }
  texts.sort((a, b) => compareText(a.id, b.id));
  let parts = 1;
  while (sizeBytes / parts > INDEX_PART_BYTES) parts *= 2;
  for (; parts <= MAX_INDEX_PARTS; parts *= 2) {
    const payloads = split(texts, parts);
    if (payloads.every(({ length }) => length <= MAX_CAPABILITY_PAYLOAD_BYTES)) return payloads;
  }
  throw new AppError('TOO_LARGE', 'The vault’s index is larger than it can be stored.');
}

/** Parts without entries are left out. */
function split(texts: readonly { id: string; text: string }[], parts: number): Bytes[] {
  const groups = new Map<number, string[]>();
  for (const { id, text } of texts) {
    const number = Math.floor((Number.parseInt(id.slice(0, 8), 16) / 2 ** 32) * parts);
    const group = groups.get(number) ?? [];
    group.push(text);
    groups.set(number, group);
  }
  return [...groups.values()].map((group) =>
    utf8(`{"kind":"vault-index-part","entries":[${group.join(',')}]}`),
  );
}

export function formatRoot({ devices, parts }: IndexRoot): Bytes {
  const root: Type.Static<typeof Root> = {
    kind: 'vault-index',
    version: VERSION,
    devices: [...devices],
    parts: parts.map(formatLink),
  };
  return utf8(JSON.stringify(root));
}

/** Throws `UNSUPPORTED` for a later version, `CORRUPT` for what is no root. */
export function parseRoot(payload: Uint8Array): IndexRoot {
  return asCorrupt(() => {
    const { version, devices, parts } = parseJsonWith(Root, textOf(payload), 'The vault’s index');
    if (version !== VERSION)
      throw new AppError(
        'UNSUPPORTED',
        'A device of your vault has a newer version of Lanvault. Update this one to see its changes.',
      );
    return { devices, parts: parts.map(parseLink) };
  });
}

/** Throws `CORRUPT` for what is no part. */
export function parsePart(payload: Uint8Array): IndexEntry[] {
  return asCorrupt(() =>
    parseJsonWith(Part, textOf(payload), 'A part of the vault’s index').entries.map(parseEntry),
  );
}

function textOf(payload: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch (cause) {
    throw new AppError('CORRUPT', 'A part of the vault’s index is no text.', { cause });
  }
}

function asCorrupt<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const error = AppError.from(cause);
    if (error.code !== 'BAD_INPUT') throw error;
    throw new AppError('CORRUPT', error.message, { cause });
  }
}
