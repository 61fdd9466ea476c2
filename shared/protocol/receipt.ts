/** Receipts: a relay's signature over "I stored this chunk", bound to the client's nonce. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { concatBytes, fromHex, uint64be, utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { NONCE_BYTES } from '../limits.ts';
import { Hex, Id, SafeInteger } from './schemas.ts';

export const Receipt = Type.Object(
  {
    /** SHA-256(public_key). */
    relay: Id,
    public_key: Hex(32),
    chunk: Id,
    /** Bytes of the stored chunk, verifier included. */
    size: SafeInteger,
    /** Chosen by the client, so that an old receipt proves nothing new. */
    nonce: Hex(NONCE_BYTES),
    /** Ed25519 (RFC 8032) over `receiptMessage`. */
    signature: Hex(64),
  },
  { description: 'A holder’s signature over having stored a chunk' },
);
export type Receipt = Static<typeof Receipt>;

/** The signed bytes: `lanvault/1 receipt` ‖ 0x00 ‖ relay id (32) ‖ chunk id (32) ‖ size (8, big-endian) ‖ nonce (16). */
export function receiptMessage(receipt: Pick<Receipt, 'relay' | 'chunk' | 'size' | 'nonce'>): Bytes {
  return concatBytes(
    utf8('lanvault/1 receipt\0'),
    fromHex(receipt.relay),
    fromHex(receipt.chunk),
    uint64be(receipt.size),
    fromHex(receipt.nonce),
  );
}
