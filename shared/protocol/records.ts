/**
 * Small signed values that the DHT keeps. Atomic records: one per signer and salt, the highest sequence number wins (as
 * BEP 44's mutable items). Lists: grow-only sets of signed entries; an entry goes by a removal that its own signer signs.
 */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { concatBytes, fromBase64Url, fromHex, toHex, uint64be, utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { verifySignature } from '../crypto/sign.ts';
import type { Signer } from '../crypto/sign.ts';
import { AppError } from '../errors.ts';
import { MAX_RECORD_VALUE_BYTES } from '../limits.ts';
import { Hex, Id, SafeInteger } from './schemas.ts';

/** Any 32 bytes as lowercase hex: where in the DHT a record lies. */
export type RecordKey = string;

/** base64url without padding, so that any bytes fit; bounded before it is decoded. */
const Value = Type.String({
  maxLength: Math.ceil((MAX_RECORD_VALUE_BYTES * 4) / 3),
  pattern: '^[A-Za-z0-9_-]*$',
});

export const AtomicRecord = Type.Object({
  public_key: Hex(32),
  seq: SafeInteger,
  value: Value,
  /** Ed25519 over `atomicMessage`. */
  signature: Hex(64),
});
export type AtomicRecord = Static<typeof AtomicRecord>;

export const ListEntry = Type.Object({
  public_key: Hex(32),
  value: Value,
  /** Ed25519 over `entryMessage`. */
  signature: Hex(64),
});
export type ListEntry = Static<typeof ListEntry>;

/** Outlives its entry, so that the entry does not come back from a relay that was away. */
export const ListRemoval = Type.Object({
  entry: Id,
  public_key: Hex(32),
  /** Ed25519 over `removalMessage`. */
  signature: Hex(64),
});
export type ListRemoval = Static<typeof ListRemoval>;

/** Where a signer's atomic record lies: SHA-256(`lanvault/1 atomic key` ‖ 0x00 ‖ public key). */
export function atomicKey(publicKeyHex: string): RecordKey {
  return toHex(sha256Sync(concatBytes(utf8('lanvault/1 atomic key\0'), fromHex(publicKeyHex))));
}

/** `lanvault/1 atomic` ‖ 0x00 ‖ public key (32) ‖ seq (8, big-endian) ‖ value. */
export function atomicMessage({ public_key, seq, value }: Omit<AtomicRecord, 'signature'>): Bytes {
  return concatBytes(utf8('lanvault/1 atomic\0'), fromHex(public_key), uint64be(seq), fromBase64Url(value));
}

/** `lanvault/1 list entry` ‖ 0x00 ‖ list (32) ‖ public key (32) ‖ value. */
export function entryMessage(list: RecordKey, { public_key, value }: Omit<ListEntry, 'signature'>): Bytes {
  return concatBytes(
    utf8('lanvault/1 list entry\0'),
    fromHex(list),
    fromHex(public_key),
    fromBase64Url(value),
  );
}

/** SHA-256 of what is signed: an entry's name, whoever signed it and when. */
export function entryId(list: RecordKey, entry: Omit<ListEntry, 'signature'>): string {
  return toHex(sha256Sync(entryMessage(list, entry)));
}

/** `lanvault/1 list removal` ‖ 0x00 ‖ list (32) ‖ entry id (32). */
export function removalMessage(list: RecordKey, entry: string): Bytes {
  return concatBytes(utf8('lanvault/1 list removal\0'), fromHex(list), fromHex(entry));
}

export async function signAtomic(signer: Signer, seq: number, value: string): Promise<AtomicRecord> {
  const unsigned = { public_key: toHex(signer.publicKey), seq, value };
  return { ...unsigned, signature: toHex(await signer.sign(atomicMessage(unsigned))) };
}

export async function signEntry(signer: Signer, list: RecordKey, value: string): Promise<ListEntry> {
  const unsigned = { public_key: toHex(signer.publicKey), value };
  return { ...unsigned, signature: toHex(await signer.sign(entryMessage(list, unsigned))) };
}

export async function signRemoval(signer: Signer, list: RecordKey, entry: string): Promise<ListRemoval> {
  const signature = toHex(await signer.sign(removalMessage(list, entry)));
  return { entry, public_key: toHex(signer.publicKey), signature };
}

/** Each of these throws `FORBIDDEN` unless the signature is the signer's, and `TOO_LARGE` for a value beyond the bound. */
export async function verifyAtomic(record: AtomicRecord): Promise<void> {
  assertValueSize(record.value);
  await verify(record.public_key, atomicMessage(record), record.signature);
}

export async function verifyEntry(list: RecordKey, entry: ListEntry): Promise<void> {
  assertValueSize(entry.value);
  await verify(entry.public_key, entryMessage(list, entry), entry.signature);
}

/** That the signer is also the entry's is for whoever has the entry to check. */
export async function verifyRemoval(list: RecordKey, removal: ListRemoval): Promise<void> {
  await verify(removal.public_key, removalMessage(list, removal.entry), removal.signature);
}

async function verify(publicKeyHex: string, message: Bytes, signatureHex: string): Promise<void> {
  if (await verifySignature(fromHex(publicKeyHex), message, fromHex(signatureHex))) return;
  throw new AppError('FORBIDDEN', 'The record’s signature does not verify.');
}

function assertValueSize(value: string): void {
  if (fromBase64Url(value).length > MAX_RECORD_VALUE_BYTES)
    throw new AppError('TOO_LARGE', `A record’s value has at most ${MAX_RECORD_VALUE_BYTES} bytes.`);
}
