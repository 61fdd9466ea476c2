/** Issuing this relay's receipts and checking those of others. */
import { fromHex, toHex } from '../../shared/bytes.ts';
import type { Bytes } from '../../shared/bytes.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { createSigner, verifySignature } from '../../shared/crypto/sign.ts';
import type { Signer } from '../../shared/crypto/sign.ts';
import { AppError } from '../../shared/errors.ts';
import { relayIdFromHash } from '../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { Receipt, receiptMessage } from '../../shared/protocol/receipt.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import type { Identity } from './ports.ts';

/** The identity that a 32-byte seed stands for, and its signer. */
export async function openIdentity(seed: Bytes): Promise<{ identity: Identity; signer: Signer }> {
  const signer = await createSigner(seed);
  const id = relayIdFromHash(await sha256(signer.publicKey));
  return { identity: { id, publicKey: signer.publicKey, seed }, signer };
}

/** `sizeBytes` counts the whole stored chunk. */
export async function issueReceipt(
  relay: RelayId,
  signer: Signer,
  { chunk, sizeBytes, nonceHex }: { chunk: ChunkId; sizeBytes: number; nonceHex: string },
): Promise<Receipt> {
  const claim = { relay, chunk, size: sizeBytes, nonce: nonceHex };
  const signature = await signer.sign(receiptMessage(claim));
  return { ...claim, public_key: toHex(signer.publicKey), signature: toHex(signature) };
}

/** Throws `CORRUPT` unless `receipt` is the expected relay's word, signed, for exactly this chunk, size and nonce. */
export async function checkReceipt(
  receipt: unknown,
  expected: { relay: RelayId; chunk: ChunkId; sizeBytes: number; nonceHex: string },
): Promise<Receipt> {
  const { relay, chunk, size, nonce, public_key, signature } = parseWith(Receipt, receipt, 'The receipt');
  const matches =
    relay === expected.relay &&
    chunk === expected.chunk &&
    size === expected.sizeBytes &&
    nonce === expected.nonceHex;
  const publicKey = fromHex(public_key);
  const genuine =
    matches &&
    relayIdFromHash(await sha256(publicKey)) === expected.relay &&
    (await verifySignature(publicKey, receiptMessage({ relay, chunk, size, nonce }), fromHex(signature)));
  if (!genuine) throw new AppError('CORRUPT', 'A relay answered with a receipt that does not verify.');
  return { relay, chunk, size, nonce, public_key, signature };
}
