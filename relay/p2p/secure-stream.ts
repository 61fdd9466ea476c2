/**
 * An encrypted, mutually authenticated stream over a TCP socket (Noise XX, see docs/adr/0007-links-not-libp2p.md), with the
 * checks that its libraries leave to their user: what an authenticated but hostile peer sends must not crash or swell us.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import { concatBytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { relayIdFromHash } from '../../shared/ids.ts';
import type { RelayId } from '../../shared/ids.ts';
import {
  LINK_KEEPALIVE_MS,
  LINK_SILENCE_TIMEOUT_MS,
  MAX_LINK_CONTROL_MESSAGES,
  MAX_LINK_FRAME_BYTES,
} from '../../shared/limits.ts';
import type { Identity } from '../services/ports.ts';

/** Channel numbers that a peer may use. Ours has three channels; protomux keeps a slot for every number it has seen. */
const MAX_CHANNELS = 16;
/** Message types that one channel may have. */
const MAX_MESSAGE_TYPES = 64;
const HEADER_BYTES = 3;

export function relayIdOf(publicKey: Uint8Array): RelayId {
  return relayIdFromHash(createHash('sha256').update(publicKey).digest());
}

/** The identity in libsodium's form: the Noise static key is the same Ed25519 key that signs receipts. */
export function noiseKeyPair(identity: Identity): NoiseSecretStream.KeyPair {
  return { publicKey: identity.publicKey, secretKey: concatBytes(identity.seed, identity.publicKey) };
}

/**
 * Whether protomux may see a decrypted message. Refused: batches (nested ones overflow its stack, which it answers with
 * an uncaught exception; we send none), control messages that it does not know, and channel numbers out of range.
 */
export function isSafeMuxMessage(message: Uint8Array): boolean {
  const [channel, type, channelOpened] = message;
  if (channel === undefined || type === undefined) return false;
  if (channel > MAX_CHANNELS) return false;
  if (channel > 0) return type < MAX_MESSAGE_TYPES;
  if (type < 1 || type > 3) return false;
  return channelOpened !== undefined && channelOpened >= 1 && channelOpened <= MAX_CHANNELS;
}

/**
 * Follows the 3-byte little-endian length headers of the encrypted stream, so that a peer cannot make the library
 * allocate 16 MiB by claiming them.
 */
export class FrameLengthCheck {
  #headerBytes = 0;
  #length = 0;
  #bodyLeft = 0;

  /** False as soon as a frame claims more than `MAX_LINK_FRAME_BYTES`. */
  accepts(data: Uint8Array): boolean {
    let offset = 0;
    while (offset < data.length) {
      if (this.#bodyLeft > 0) {
        const step = Math.min(this.#bodyLeft, data.length - offset);
        this.#bodyLeft -= step;
        offset += step;
        continue;
      }
      this.#length += (data[offset++] ?? 0) * 256 ** this.#headerBytes++;
      if (this.#headerBytes < HEADER_BYTES) continue;
      if (this.#length > MAX_LINK_FRAME_BYTES) return false;
      this.#bodyLeft = this.#length;
      this.#headerBytes = 0;
      this.#length = 0;
    }
    return true;
  }
}

/** A secret stream that destroys itself on the first message or frame that is not safe to pass on. */
export class SecureStream extends NoiseSecretStream {
  #controlMessages = 0;

  constructor(
    isInitiator: boolean,
    socket: Socket,
    keyPair: NoiseSecretStream.KeyPair,
    onBytes: () => void = () => undefined,
  ) {
    const check = new FrameLengthCheck();
    // Before the library's own listener, so that it never sees a frame that is too long.
    socket.on('data', (data: Uint8Array) => {
      // Not the socket: the library would hear of its end only after it has handled these bytes.
      if (!check.accepts(data)) this.destroy(new AppError('BAD_INPUT', 'A link frame is too long.'));
      onBytes();
    });
    super(isInitiator, socket, { keyPair, keepAlive: LINK_KEEPALIVE_MS });
    socket.setNoDelay(true);
    this.setTimeout(LINK_SILENCE_TIMEOUT_MS);
  }

  override push(plain: Uint8Array | null): boolean {
    if (plain === null || plain.length === 0) return super.push(plain);
    // Protomux answers some of them, whether anybody reads that or not.
    if (plain[0] === 0) this.#controlMessages++;
    if (this.#controlMessages <= MAX_LINK_CONTROL_MESSAGES && isSafeMuxMessage(plain))
      return super.push(plain);
    this.destroy(new AppError('BAD_INPUT', 'The peer sent a message that is not understood.'));
    return false;
  }
}
