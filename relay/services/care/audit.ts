/**
 * Challenges by which a relay shows that it has a chunk now: SHA-256(nonce ‖ its own id ‖ chunk). The id is in it so that one
 * relay cannot have another answer for it; the HTTP form, for clients, is SHA-256(nonce ‖ chunk).
 */
import { createHash, randomBytes } from 'node:crypto';
import Type from 'typebox';
import { fromHex } from '../../../shared/bytes.ts';
import { AppError } from '../../../shared/errors.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { parseChunkId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  KEEP_PROMISE_MS,
  MAX_CONCURRENT_AUDITS,
  MAX_KEEP_PROMISES,
  MAX_KEEP_PROMISES_PER_RELAY,
  NONCE_BYTES,
} from '../../../shared/limits.ts';
import { Hex, Id } from '../../../shared/protocol/schemas.ts';
import { Gate } from '../gate.ts';
import type { Clock } from '../ports.ts';
import { rpcMethod } from '../rpc.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';

const AUDIT_CHUNK = rpcMethod(
  'chunks.audit',
  Type.Object({
    id: Id,
    nonce: Hex(NONCE_BYTES),
    /** Whoever asks will rely on the replica: it must not be given up as surplus for a while. */
    keep: Type.Boolean(),
  }),
  Type.Object({ hash: Hex(32) }),
);

/**
 * `gone`: the chunk was deleted meanwhile, or can no longer be read here; neither proof nor lie. `unknown`: no answer, which says
 * nothing of whether the chunk is there.
 */
export type AuditResult = 'proven' | 'refuted' | 'gone' | 'unknown';

/** What reading an own chunk fails with when the chunk is no longer there, or nobody knows whether it should be. */
const UNREADABLE: ReadonlySet<ErrorCode> = new Set(['NOT_FOUND', 'DELETED', 'UNAVAILABLE']);

export interface AuditorParts {
  readonly self: RelayId;
  readonly clock: Pick<Clock, 'now'>;
  readonly holds: (id: ChunkId) => boolean;
  /** The chunk's bytes, verified against its id. Throws `NOT_FOUND`, `DELETED`, `UNAVAILABLE`. */
  readonly readVerified: (id: ChunkId) => Promise<Uint8Array>;
  /** False while this relay leaves: nobody may rely on what it has. */
  readonly serves: () => boolean;
}

export class Auditor {
  readonly #parts: AuditorParts;
  readonly #gate = new Gate(MAX_CONCURRENT_AUDITS, 'This relay answers as many audits as it can.');
  /** Chunk → until when this relay keeps it, and for whom; the oldest promise first. */
  readonly #promises = new Map<ChunkId, { readonly until: number; readonly to: RelayId }>();
  /** Relay → promises that it was given and that have not run out. */
  readonly #promisedTo = new Map<RelayId, number>();
  readonly #dropping = new Set<ChunkId>();

  constructor(parts: AuditorParts) {
    this.#parts = parts;
  }

  answerOver(router: RpcRouter): void {
    router.handle(AUDIT_CHUNK, async ({ id, nonce, keep }, from) => {
      const chunk = parseChunkId(id);
      if (keep) this.#promise(chunk, from);
      return { hash: await this.#answer(chunk, nonce, this.#parts.self, from) };
    });
  }

  /** SHA-256(nonce ‖ chunk) of this relay's replica. Throws NOT_FOUND, RATE_LIMITED, UNAVAILABLE. */
  answer(id: ChunkId, nonceHex: string): Promise<string> {
    return this.#answer(id, nonceHex, null);
  }

  /** Whether `relay` has `id` now: `chunk` is this relay's own replica, verified. Throws `ABORTED` only. */
  async ask(
    rpc: PeerRpc,
    relay: RelayId,
    { id, chunk, keep }: { id: ChunkId; chunk: Uint8Array; keep: boolean },
    signal: AbortSignal,
  ): Promise<AuditResult> {
    const nonce = randomBytes(NONCE_BYTES).toString('hex');
    try {
      const { hash } = await rpc.call(relay, AUDIT_CHUNK, { id, nonce, keep }, signal);
      return hash === digest(nonce, relay, chunk) ? 'proven' : 'refuted';
    } catch (cause) {
      const { code } = AppError.from(cause);
      if (signal.aborted) throw cause;
      if (code === 'DELETED') return 'gone';
      return code === 'NOT_FOUND' || code === 'CORRUPT' ? 'refuted' : 'unknown';
    }
  }

  /** As `ask`, for a relay that is not to rely on the answer for more than now. Throws `ABORTED`, `IO`. */
  async sample(rpc: PeerRpc, relay: RelayId, id: ChunkId, signal: AbortSignal): Promise<AuditResult> {
    let chunk: Uint8Array;
    try {
      chunk = await this.#parts.readVerified(id);
    } catch (cause) {
      if (UNREADABLE.has(AppError.from(cause).code)) return 'gone';
      throw cause;
    }
    return this.ask(rpc, relay, { id, chunk, keep: false }, signal);
  }

  /** Runs `drop` while no audit may pass that promises the chunk, and gives what it gives. False where one has passed. */
  async dropUnlessPromised(id: ChunkId, drop: () => Promise<boolean>): Promise<boolean> {
    if ((this.#promises.get(id)?.until ?? Number.NEGATIVE_INFINITY) > this.#parts.clock.now()) return false;
    if (this.#dropping.has(id)) return false;
    this.#dropping.add(id);
    try {
      return await drop();
    } finally {
      this.#dropping.delete(id);
    }
  }

  #promise(id: ChunkId, to: RelayId): void {
    if (!this.#parts.holds(id)) throw new AppError('NOT_FOUND', 'This relay does not hold the chunk.');
    if (this.#dropping.has(id)) throw new AppError('NOT_FOUND', 'This relay gives the chunk up.');
    const now = this.#parts.clock.now();
    for (const [old, { until }] of this.#promises) {
      if (until > now) break;
      this.#forget(old);
    }
    const known = this.#promises.get(id);
    const given = this.#promisedTo.get(to) ?? 0;
    const isFull = known === undefined && this.#promises.size >= MAX_KEEP_PROMISES;
    if (isFull || (known?.to !== to && given >= MAX_KEEP_PROMISES_PER_RELAY))
      throw new AppError('RATE_LIMITED', 'This relay has promised as many chunks as it can.');
    this.#forget(id);
    this.#promises.set(id, { until: now + KEEP_PROMISE_MS, to });
    this.#promisedTo.set(to, (this.#promisedTo.get(to) ?? 0) + 1);
  }

  #forget(id: ChunkId): void {
    const promise = this.#promises.get(id);
    if (promise === undefined) return;
    this.#promises.delete(id);
    const left = (this.#promisedTo.get(promise.to) ?? 1) - 1;
    if (left === 0) this.#promisedTo.delete(promise.to);
    else this.#promisedTo.set(promise.to, left);
  }

  /** `client`: the relay that asks; undefined: not a relay. */
  async #answer(id: ChunkId, nonceHex: string, bound: RelayId | null, client?: RelayId): Promise<string> {
    if (!this.#parts.serves()) throw new AppError('UNAVAILABLE', 'This relay is leaving.');
    const hash = async (): Promise<string> => digest(nonceHex, bound, await this.#parts.readVerified(id));
    return await this.#gate.run(hash, { client });
  }
}

function digest(nonceHex: string, relay: RelayId | null, chunk: Uint8Array): string {
  const hash = createHash('sha256').update(fromHex(nonceHex));
  if (relay !== null) hash.update(fromHex(relay));
  return hash.update(chunk).digest('hex');
}
