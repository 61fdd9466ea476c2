/** Relays without links: each answers as its test wants. Receipts are signed by node:crypto, not by the code under test. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AppError, throwIfAborted } from '../../../../shared/errors.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import type { Receipt } from '../../../../shared/protocol/receipt.ts';
import type { Peer } from '../../../../shared/protocol/routes.ts';
import type { PeerTransport } from '../../../../relay/services/ports.ts';

export interface FakeRelay {
  readonly id: RelayId;
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

export function fakeRelay(): FakeRelay {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  // SubjectPublicKeyInfo of Ed25519 ends in the 32 raw bytes (RFC 8410).
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { id: parseRelayId(createHash('sha256').update(raw).digest('hex')), publicKey: raw, privateKey };
}

export function signedReceipt(relay: FakeRelay, chunk: string, size: number, nonce: string): Receipt {
  const sizeBytes = Buffer.alloc(8);
  sizeBytes.writeBigUInt64BE(BigInt(size));
  const message = Buffer.concat([
    Buffer.from('lanvault/1 receipt\0'),
    Buffer.from(relay.id, 'hex'),
    Buffer.from(chunk, 'hex'),
    sizeBytes,
    Buffer.from(nonce, 'hex'),
  ]);
  return {
    relay: relay.id,
    public_key: relay.publicKey.toString('hex'),
    chunk,
    size,
    nonce,
    signature: sign(null, message, relay.privateKey).toString('hex'),
  };
}

export function peerOf(id: RelayId, machine = id.slice(0, 8)): Peer & { id: RelayId } {
  return { id, host: '127.0.0.1', port: 8000, link: 9000, capacity: 2 ** 30, machine, state: 'alive' };
}

type Put = (id: ChunkId, chunk: Uint8Array, nonceHex: string, signal: AbortSignal) => Promise<Receipt>;
type Get = (id: ChunkId, signal: AbortSignal) => Promise<Uint8Array>;

export class FakeTransport implements PeerTransport {
  readonly puts = new Map<RelayId, Put>();
  readonly gets = new Map<RelayId, Get>();
  readonly answering: RelayId[] = [];
  /** Relays asked for a chunk, in order. */
  readonly asked: RelayId[] = [];
  queries = 0;

  putChunk(
    to: RelayId,
    id: ChunkId,
    chunk: Uint8Array,
    nonceHex: string,
    signal: AbortSignal,
  ): Promise<Receipt> {
    const put = this.puts.get(to);
    return put === undefined ? unreachable() : put(id, chunk, nonceHex, signal);
  }

  getChunk(from: RelayId, id: ChunkId, signal: AbortSignal): Promise<Uint8Array> {
    this.asked.push(from);
    const get = this.gets.get(from);
    return get === undefined ? unreachable() : get(id, signal);
  }

  async *queryChunk(_id: ChunkId, signal: AbortSignal): AsyncGenerator<RelayId> {
    this.queries++;
    throwIfAborted(signal);
    for (const relay of this.answering) yield await Promise.resolve(relay);
  }
}

const unreachable = (): Promise<never> => Promise.reject(new AppError('UNAVAILABLE', 'No such relay.'));

/** Settles only when the signal fires, as a request to a relay that hangs. */
export function hangs(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new AppError('ABORTED', 'aborted')), { once: true });
  });
}
