/** Identifiers: 32 bytes as 64 lowercase hex characters, branded so that one kind is never passed for another. */
import { fromHex, toHex } from './bytes.ts';
import type { Bytes } from './bytes.ts';
import { AppError } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** SHA-256(verifier ‖ SHA-256(body)) of a stored chunk. */
export type ChunkId = Branded<'ChunkId'>;
/** SHA-256 of a relay's Ed25519 public key. */
export type RelayId = Branded<'RelayId'>;
/** SHA-256 of a manifest's RFC 8785 form. */
export type ManifestId = Branded<'ManifestId'>;

const ID = /^[0-9a-f]{64}$/;

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

function parse(kind: string, value: unknown): string {
  if (!isId(value)) throw new AppError('BAD_INPUT', `A ${kind} is 64 lowercase hex characters.`);
  return value;
}

/** These throw `BAD_INPUT` for anything but 64 lowercase hex characters. */
export const parseChunkId = (value: unknown): ChunkId => parse('chunk id', value) as ChunkId;
export const parseRelayId = (value: unknown): RelayId => parse('relay id', value) as RelayId;
export const parseManifestId = (value: unknown): ManifestId => parse('manifest id', value) as ManifestId;

function fromHash(hash: Uint8Array): string {
  if (hash.length !== 32) throw new AppError('BAD_INPUT', 'An id is made of 32 bytes.');
  return toHex(hash);
}

/** The id for a 32-byte hash. These throw `BAD_INPUT` for any other length. */
export const chunkIdFromHash = (hash: Uint8Array): ChunkId => fromHash(hash) as ChunkId;
export const relayIdFromHash = (hash: Uint8Array): RelayId => fromHash(hash) as RelayId;
export const manifestIdFromHash = (hash: Uint8Array): ManifestId => fromHash(hash) as ManifestId;

/** Enough of an id for people to tell it from others. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

export function idToBytes(id: ChunkId | RelayId | ManifestId): Bytes {
  return fromHex(id);
}
