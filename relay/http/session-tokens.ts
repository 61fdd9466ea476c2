/**
 * What a private swarm's relay gives to clients that have proven the swarm key. Each token is random (16) ‖ expiry (8) ‖
 * HMAC (32) under a secret of this process, as hex: the relay keeps none, so that nobody can fill its memory with them.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const RANDOM_BYTES = 16;
const BODY_BYTES = RANDOM_BYTES + 8;
const MAC_BYTES = 32;
const TOKEN = new RegExp(`^[0-9a-f]{${String(2 * (BODY_BYTES + MAC_BYTES))}}$`);

/** A token of one use is none of another. */
export type TokenUse = 'challenge' | 'session' | 'ticket';

export class SessionTokens {
  readonly #secret = randomBytes(32);
  readonly #now: () => number;

  /** `now`: monotonic, ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  issue(use: TokenUse, ttlMs: number): string {
    const body = Buffer.alloc(BODY_BYTES);
    randomBytes(RANDOM_BYTES).copy(body);
    body.writeBigUInt64BE(BigInt(Math.floor(this.#now() + ttlMs)), RANDOM_BYTES);
    return Buffer.concat([body, this.#mac(use, body)]).toString('hex');
  }

  isValid(use: TokenUse, token: string): boolean {
    if (!TOKEN.test(token)) return false;
    const bytes = Buffer.from(token, 'hex');
    const body = bytes.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(bytes.subarray(BODY_BYTES), this.#mac(use, body))) return false;
    return Number(body.readBigUInt64BE(RANDOM_BYTES)) >= this.#now();
  }

  #mac(use: TokenUse, body: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(`${use}\0`).update(body).digest();
  }
}
