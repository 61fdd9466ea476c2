/**
 * The key of a private swarm: 32 random bytes that all its relays and clients share. It opens the swarm, never a file. Each
 * use has its own key, HMAC-SHA256(swarm key, `lanvault/1 swarm ` ‖ use).
 */
import { concatBytes, equalBytes, fromBase64Url, toBase64Url, uint64be, utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { hmacSha256Sync } from '../crypto/hash.ts';
import { randomBytes } from '../crypto/random.ts';
import { seal, unseal } from '../crypto/swarm-seal.ts';
import { AppError } from '../errors.ts';
import { MAX_SEALED_AGE_MS } from '../limits.ts';

const KEY_BYTES = 32;
const TIME_BYTES = 8;

export interface SwarmKey {
  /** Seals datagrams. */
  readonly datagram: Bytes;
  /** Proves membership over a link's handshake hash. */
  readonly link: Bytes;
  /** Proves membership over HTTP. */
  readonly client: Bytes;
}

/** The content of a new key file: one line of base64url. */
export function newSwarmKeyText(): string {
  return `${toBase64Url(randomBytes(KEY_BYTES), { padding: false })}\n`;
}

/** Reads a key file's content. Throws `BAD_INPUT` that does not quote it. */
export function parseSwarmKey(text: string): SwarmKey {
  const secret = readSecret(text.trim());
  const derive = (use: string): Bytes => hmacSha256Sync(secret, utf8(`lanvault/1 swarm ${use}`));
  return { datagram: derive('datagram'), link: derive('link'), client: derive('client') };
}

function readSecret(text: string): Bytes {
  try {
    const secret = fromBase64Url(text);
    if (secret.length === KEY_BYTES) return secret;
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
  }
  throw new AppError(
    'BAD_INPUT',
    'This is not a swarm key: it is one line of 43 characters, as "lanvault swarm-key FILE" makes it.',
  );
}

/** A datagram as it is sent in a private swarm: sealed(Unix time, ms (8, big-endian) ‖ datagram). */
export function sealDatagram({ datagram: key }: SwarmKey, datagram: Uint8Array, wallTimeMs: number): Bytes {
  return seal(key, concatBytes(uint64be(Math.max(0, Math.floor(wallTimeMs))), datagram));
}

/** The datagram, or null for one that is not this swarm's, or whose time is too far from this machine's: a replay. */
export function unsealDatagram(
  { datagram: key }: SwarmKey,
  sealed: Uint8Array,
  wallTimeMs: number,
): Uint8Array | null {
  const plain = unseal(key, sealed);
  if (plain === null || plain.length < TIME_BYTES) return null;
  const sentAt = Number(new DataView(plain.buffer, plain.byteOffset, TIME_BYTES).getBigUint64(0));
  return Math.abs(wallTimeMs - sentAt) > MAX_SEALED_AGE_MS ? null : plain.subarray(TIME_BYTES);
}

export type ProofRole = 'initiator' | 'responder' | 'client' | 'relay';

/**
 * HMAC-SHA256(key, `lanvault/1 proof ` ‖ role ‖ 0x00 ‖ context): that whoever made it has the key. The role keeps one side's
 * proof from being the other's; `context` is what both have seen and nobody else repeats.
 */
export function swarmProof(key: Uint8Array, role: ProofRole, context: Uint8Array): Bytes {
  return hmacSha256Sync(key, concatBytes(utf8(`lanvault/1 proof ${role}\0`), context));
}

export function isSwarmProof(
  key: Uint8Array,
  role: ProofRole,
  context: Uint8Array,
  proof: Uint8Array,
): boolean {
  return equalBytes(swarmProof(key, role, context), proof);
}
