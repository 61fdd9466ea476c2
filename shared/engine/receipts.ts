/** Which of the relays asked have proved that they store a chunk. */
import { fromHex, toHex } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { verifySignature } from '../crypto/sign.ts';
import { MAX_RECEIPTS_READ } from '../limits.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import { receiptMessage } from '../protocol/receipt.ts';
import type { Receipt } from '../protocol/receipt.ts';

export interface ReceiptExpectation {
  readonly chunk: ChunkId;
  /** Bytes of the chunk as sent, verifier included. */
  readonly sizeBytes: number;
  readonly nonceHex: string;
  readonly targets: ReadonlySet<RelayId>;
}

/**
 * The distinct targets whose receipt holds: about this chunk, size and nonce, relay id = SHA-256(public key), Ed25519
 * signature valid. Anything else is ignored; at most `MAX_RECEIPTS_READ` are looked at.
 */
export async function verifiedHolders(
  receipts: readonly Receipt[],
  expected: ReceiptExpectation,
): Promise<RelayId[]> {
  const holders = new Set<RelayId>();
  for (const receipt of receipts.slice(0, MAX_RECEIPTS_READ)) {
    const relay = receipt.relay as RelayId;
    if (!expected.targets.has(relay) || holders.has(relay)) continue;
    if (await holds(receipt, expected)) holders.add(relay);
  }
  return [...holders];
}

async function holds(receipt: Receipt, expected: ReceiptExpectation): Promise<boolean> {
  const aboutThis =
    receipt.chunk === expected.chunk &&
    receipt.size === expected.sizeBytes &&
    receipt.nonce === expected.nonceHex;
  if (!aboutThis) return false;
  const publicKey = fromHex(receipt.public_key);
  if (toHex(sha256Sync(publicKey)) !== receipt.relay) return false;
  return verifySignature(publicKey, receiptMessage(receipt), fromHex(receipt.signature));
}
