/**
 * Capability links: the id of a chunk and the key that opens it. `lanvault:<id>#<key>`, and on the web
 * `…/#/open/<id>.<key>`: browsers never send a fragment to a server. An owner's link has the chunk's delete token too, `….<token>`.
 */
import { fromBase64Url, toBase64Url } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { parseChunkId } from '../ids.ts';
import type { ChunkId } from '../ids.ts';

export interface CapabilityLink {
  readonly id: ChunkId;
  /** Fernet key, 32 bytes. Whoever has the link can read the file. */
  readonly key: Bytes;
}

/** Leads to the right to delete the file, and holds the right to delete its own chunk. */
export interface OwnerLink extends CapabilityLink {
  /** 32 bytes. Whoever has the link can delete the file. */
  readonly token: Bytes;
}

/** id, and key as base64url without padding. */
const LINK = /^lanvault:([0-9a-f]{64})#([\w-]{43})$/;
const WEB_LINK = /#\/open\/([0-9a-f]{64})\.([\w-]{43})$/;

const OWNER_TOKEN = /^(.*)\.([\w-]{43})$/s;

/** `lanvault:<id>#<key>`. */
export function formatLink({ id, key }: CapabilityLink): string {
  return `lanvault:${id}#${toBase64Url(key, { padding: false })}`;
}

/** `#/open/<id>.<key>`, to follow the address of any relay. */
export function formatWebFragment({ id, key }: CapabilityLink): string {
  return `#/open/${id}.${toBase64Url(key, { padding: false })}`;
}

/** Reads both forms, with white space around them. Throws `BAD_INPUT`; the text is a secret and is not quoted. */
export function parseLink(text: string): CapabilityLink {
  const bare = text.trim();
  const [, id, key] = LINK.exec(bare) ?? WEB_LINK.exec(bare) ?? [];
  if (id === undefined || key === undefined) {
    throw new AppError('BAD_INPUT', 'This is not a Lanvault link. It looks like lanvault:<id>#<key>.');
  }
  return { id: parseChunkId(id), key: fromBase64Url(key) };
}

/** `lanvault:<id>#<key>.<token>`. */
export function formatOwnerLink(link: OwnerLink): string {
  return `${formatLink(link)}.${toBase64Url(link.token, { padding: false })}`;
}

/** `#/open/<id>.<key>.<token>`. */
export function formatOwnerWebFragment(link: OwnerLink): string {
  return `${formatWebFragment(link)}.${toBase64Url(link.token, { padding: false })}`;
}

/** As `parseLink`, and reads owners' links as well. */
export function parseAnyLink(text: string): CapabilityLink | OwnerLink {
  const bare = text.trim();
  const [, rest, token] = OWNER_TOKEN.exec(bare) ?? [];
  if (rest === undefined || token === undefined || !isLink(rest)) return parseLink(bare);
  return { ...parseLink(rest), token: fromBase64Url(token) };
}

export function isOwnerLink(link: CapabilityLink | OwnerLink): link is OwnerLink {
  return 'token' in link;
}

function isLink(text: string): boolean {
  return LINK.test(text) || WEB_LINK.test(text);
}
