/**
 * What an owner's link opens: the link of the reader's manifest, and the rights to delete the file. Payloads as others behind links:
 * - `{"kind":"owner","manifest":link,"deletions":[right…]}`, or with `"parts":[owner's link…]` in place of `deletions`
 * - `{"kind":"deletions","deletions":[right…]}`
 * The rights to the parts' own chunks, and to the first, follow from the tokens in their links.
 */
import { utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import { MAX_CAPABILITY_PAYLOADS } from '../limits.ts';
import { formatLink, formatOwnerLink, isOwnerLink, parseAnyLink, parseLink } from './capability.ts';
import type { CapabilityLink, OwnerLink } from './capability.ts';
import { parsePayloadFields } from './capability-payload.ts';
import { DeletionRights, formatRight, parseRight } from './deletion-rights.ts';

/** 8000 rights of 89 characters leave room for a header. */
const PAYLOAD_RIGHTS = 8000;

/** A payload that was fetched by an owner's link. */
export interface OwnedPayload {
  readonly payload: Uint8Array;
  /** Of the chunk that it came in, whose verifier is that of the link's token. */
  readonly bodyHash: Bytes;
}

/** Stores the right to a file beside its manifest. `store` seals one payload and stores its chunk. Throws what that throws. */
export async function storeOwner(
  manifest: CapabilityLink,
  rights: DeletionRights,
  store: (payload: Bytes) => Promise<OwnerLink>,
): Promise<OwnerLink> {
  const head = `{"kind":"owner","manifest":${JSON.stringify(formatLink(manifest))}`;
  if (rights.length <= PAYLOAD_RIGHTS) return store(utf8(`${head},"deletions":${textOf(rights, 0)}}`));
  const parts: string[] = [];
  for (let start = 0; start < rights.length; start += PAYLOAD_RIGHTS) {
    const part = await store(utf8(`{"kind":"deletions","deletions":${textOf(rights, start)}}`));
    parts.push(formatOwnerLink(part));
  }
  return store(utf8(`${head},"parts":${JSON.stringify(parts)}}`));
}

/**
 * The reader's link and all rights that an owner's link leads to; whether they are the file's, `assertRightsTo` says. Throws
 * `CORRUPT`, `TOO_LARGE`, and what `fetchPayload` throws.
 */
export async function loadOwner(
  link: OwnerLink,
  fetchPayload: (link: OwnerLink) => Promise<OwnedPayload>,
  signal?: AbortSignal,
): Promise<{ readonly manifest: CapabilityLink; readonly rights: DeletionRights }> {
  const rights = new DeletionRights();
  const own: { token: Bytes; bodyHash: Bytes }[] = [];

  async function read(next: OwnerLink, kind: 'owner' | 'deletions') {
    throwIfAborted(signal);
    const { payload, bodyHash } = await fetchPayload(next);
    own.push({ token: next.token, bodyHash });
    const fields = parsePayloadFields(payload);
    if (fields.get('kind') !== kind) throw malformed();
    return fields;
  }

  const root = await read(link, 'owner');
  const deletions = root.get('deletions');
  const parts = root.get('parts');
  if (parts === undefined) append(rights, deletions);
  else {
    if (deletions !== undefined || !Array.isArray(parts) || parts.length > MAX_CAPABILITY_PAYLOADS)
      throw malformed();
    for (const part of parts) append(rights, (await read(ownerLinkFrom(part), 'deletions')).get('deletions'));
  }
  for (const right of own) rights.append(right);
  return { manifest: linkFrom(root.get('manifest')), rights };
}

function textOf(rights: DeletionRights, start: number): string {
  const texts: string[] = [];
  for (let index = start; index < Math.min(start + PAYLOAD_RIGHTS, rights.length); index++)
    texts.push(formatRight(rights.at(index)));
  return JSON.stringify(texts);
}

function append(rights: DeletionRights, texts: unknown): void {
  if (!Array.isArray(texts)) throw malformed();
  for (const text of texts) rights.append(parseRight(text));
}

function linkFrom(value: unknown): CapabilityLink {
  return parsed(value, parseLink);
}

function ownerLinkFrom(value: unknown): OwnerLink {
  const link = parsed(value, parseAnyLink);
  if (!isOwnerLink(link)) throw malformed();
  return link;
}

function parsed<T>(value: unknown, parse: (text: string) => T): T {
  if (typeof value !== 'string') throw malformed();
  try {
    return parse(value);
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause?: unknown): AppError {
  return new AppError('CORRUPT', 'The link does not lead to the right to delete a file.', { cause });
}
