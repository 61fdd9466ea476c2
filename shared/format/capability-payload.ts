/**
 * What a capability link opens: one chunk whose plaintext, always xz, is JSON of at most 1 MiB.
 * - `{"kind":"manifest", <fields of lanvault/1>, "chunks":[row…]}`, or with `"parts":[link…]` in place of `chunks`
 * - `{"kind":"index","chunks":[row…]}` or `{"kind":"index","parts":[link…]}`
 * Rows are those of a manifest. Parts are links to `index` payloads that hold, in order, the rows that had no room.
 */
import type { Bytes } from '../bytes.ts';
import type { XzCodec } from '../codec/xz.ts';
import { defaultBackend } from '../crypto/backend.ts';
import type { Backend } from '../crypto/backend.ts';
import { FERNET_IV_BYTES, FERNET_KEY_BYTES } from '../crypto/fernet.ts';
import { randomBytes } from '../crypto/random.ts';
import { AppError } from '../errors.ts';
import { MAX_CAPABILITY_PAYLOAD_BYTES } from '../limits.ts';
import { openBody, sealBody } from './chunk.ts';
import type { SealedBody } from './chunk.ts';
import { parseLink } from './capability.ts';
import type { CapabilityLink } from './capability.ts';
import { rowFrom } from './manifest-fields.ts';
import type { Fields } from './manifest-fields.ts';
import type { ChunkRow } from './manifest-types.ts';

export interface Payload {
  readonly kind: 'manifest' | 'index';
  /** The header's fields, of a `manifest`. */
  readonly fields: Fields;
  /** Either rows or parts, at least one of them unless the manifest is that of an empty file. */
  readonly content:
    | { readonly kind: 'chunks'; readonly rows: readonly ChunkRow[] }
    | { readonly kind: 'parts'; readonly links: readonly CapabilityLink[] };
}

export interface SealedPayload extends SealedBody {
  readonly link: CapabilityLink;
}

/** Makes the chunk of a payload, with a key of its own. Throws `TOO_LARGE` above 1 MiB. */
export async function sealPayload(
  payload: Bytes,
  deleteKey: Bytes,
  xz: XzCodec,
  backend: Backend = defaultBackend(),
): Promise<SealedPayload> {
  assertPayloadSize(payload);
  const bytes = xz.encode(payload, MAX_CAPABILITY_PAYLOAD_BYTES);
  if (bytes === null) throw tooLarge();
  const key = randomBytes(FERNET_KEY_BYTES);
  const sealed = await sealBody(bytes, { key, deleteKey, iv: randomBytes(FERNET_IV_BYTES) }, backend);
  return { ...sealed, link: { id: sealed.id, key } };
}

/** The payload's bytes, after id, MAC and size have been verified. Throws `CORRUPT`. */
export async function openPayload(
  link: CapabilityLink,
  chunk: Uint8Array,
  xz: XzCodec,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return xz.decodeUpTo(await openBody(link.id, chunk, link.key, backend), MAX_CAPABILITY_PAYLOAD_BYTES);
}

/** Throws `UNSUPPORTED` for a kind that this build does not know, `TOO_LARGE`, `CORRUPT` for what is no payload. */
export function parsePayload(bytes: Uint8Array): Payload {
  const fields = parsePayloadFields(bytes);
  const kind = fields.get('kind');
  if (typeof kind !== 'string') throw malformed();
  if (kind === 'owner')
    throw new AppError('CORRUPT', 'A part of this link is missing: its end gives the right to delete.');
  if (kind !== 'manifest' && kind !== 'index') {
    throw new AppError(
      'UNSUPPORTED',
      'The link leads to something that this version of Lanvault does not know.',
    );
  }
  return { kind, fields, content: contentOf(fields.get('chunks'), fields.get('parts')) };
}

/** Throws `TOO_LARGE`, `CORRUPT` for what is no JSON object. */
export function parsePayloadFields(bytes: Uint8Array): Fields {
  assertPayloadSize(bytes);
  const value = parseJson(bytes);
  if (!isRecord(value)) throw malformed();
  return new Map(Object.entries(value));
}

function contentOf(chunks: unknown, parts: unknown): Payload['content'] {
  if (Array.isArray(chunks) && parts === undefined) {
    return { kind: 'chunks', rows: chunks.map((row: unknown) => rowOf(row)) };
  }
  if (Array.isArray(parts) && chunks === undefined) {
    return { kind: 'parts', links: parts.map((part: unknown) => linkOf(part)) };
  }
  throw malformed();
}

function rowOf(value: unknown): ChunkRow {
  if (!isRecord(value)) throw malformed();
  return rowFrom(new Map(Object.entries(value)));
}

function linkOf(value: unknown): CapabilityLink {
  if (typeof value !== 'string') throw malformed();
  try {
    return parseLink(value);
  } catch (cause) {
    throw malformed(cause);
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Without the engine's own message, which quotes the text: file keys stand in it.
    throw malformed();
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function assertPayloadSize(payload: Uint8Array): void {
  if (payload.length > MAX_CAPABILITY_PAYLOAD_BYTES) throw tooLarge();
}

function tooLarge(): AppError {
  return new AppError('TOO_LARGE', `A link leads to at most ${MAX_CAPABILITY_PAYLOAD_BYTES} bytes at once.`);
}

function malformed(cause?: unknown): AppError {
  return new AppError('CORRUPT', 'The link leads to something that is no manifest.', { cause });
}
