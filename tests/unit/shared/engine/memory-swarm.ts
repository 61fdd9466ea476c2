import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Bytes } from '../../../../shared/bytes.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import type { Deletion, DeletionOutcome } from '../../../../shared/engine/deletion-ports.ts';
import type { EngineClock } from '../../../../shared/engine/clock.ts';
import type { LocatedChunks } from '../../../../shared/engine/relay-client.ts';
import type { PutOutcome, SwarmPort } from '../../../../shared/engine/ports.ts';
import type { Member } from '../../../../shared/placement/member.ts';
import { receiptMessage } from '../../../../shared/protocol/receipt.ts';
import type { Receipt } from '../../../../shared/protocol/receipt.ts';

/** How a relay answers a GET. */
export type ReadFault =
  'hang' | 'reset' | 'garbage' | 'truncate' | 'empty' | 'foreign' | 'oversized' | 'absent' | 'trickle';
/** How a relay answers a PUT. */
export type WriteFault =
  | 'refuse'
  | 'hang'
  | 'reset'
  | 'silent'
  | 'forge-signature'
  | 'forge-key'
  | 'other-chunk'
  | 'other-size'
  | 'old-nonce'
  | 'foreign-signer'
  | 'duplicate';

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const bytesOf = (data: Uint8Array): Bytes => new Uint8Array(data);

export class MemoryRelay {
  readonly id: RelayId;
  readonly publicKeyHex: string;
  readonly chunks = new Map<ChunkId, Bytes>();
  readonly #key: KeyObject;
  latencyMs = 5;
  /** Answers to no one and is not in the list of members. */
  dead = false;
  /** Like dead, but still listed: what a client sees shortly after a kill. */
  deadButListed = false;
  capacity = 10 ** 10;
  machine: string;
  distrusted = false;
  readFault: ReadFault | null = null;
  writeFault: WriteFault | null = null;
  reads = 0;

  constructor(name: string) {
    const seed = createHash('sha256').update(`seed of ${name}`).digest();
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' });
    const publicKey = spki.subarray(spki.length - 32);
    this.publicKeyHex = publicKey.toString('hex');
    this.id = parseRelayId(createHash('sha256').update(publicKey).digest('hex'));
    this.machine = name;
  }

  get gone(): boolean {
    return this.dead || this.deadButListed;
  }

  receipt(claim: { chunk: string; size: number; nonce: string }): Receipt {
    const body = { relay: this.id as string, ...claim };
    const signature = sign(null, receiptMessage(body), this.#key).toString('hex');
    return { ...body, public_key: this.publicKeyHex, signature };
  }
}

/** A swarm in memory whose relays can be told to misbehave. Its time is the clock's. */
export class MemorySwarm implements SwarmPort {
  readonly relays: MemoryRelay[];
  readonly #clock: EngineClock;
  /** Calls so far, and calls under way. */
  puts = 0;
  gets = 0;
  membersCalls = 0;
  busy = 0;
  /** Chunk ids in order of PUT. */
  readonly sent: ChunkId[] = [];
  readonly holdersAsked: (RelayId | null)[] = [];
  /** Called before each PUT and GET; may throw, hang or kill. */
  beforePut: (id: ChunkId, signal: AbortSignal) => Promise<void> | void = () => undefined;
  beforeGet: (holder: RelayId | null) => void = () => undefined;
  /** The entry relay does not answer at all. */
  unreachable = false;
  /** `get(id, null)` finds chunks beyond placement order. */
  locates = true;

  constructor(clock: EngineClock, count: number, prefix = 'relay') {
    this.#clock = clock;
    this.relays = Array.from({ length: count }, (_, i) => new MemoryRelay(`${prefix} ${i}`));
  }

  get live(): MemoryRelay[] {
    return this.relays.filter((relay) => !relay.gone);
  }

  relay(id: RelayId): MemoryRelay {
    const relay = this.relays.find((each) => each.id === id);
    if (relay === undefined) throw new Error('No such relay.');
    return relay;
  }

  /** By every live relay; tokens are checked, the rest is as honest relays do it. */
  deleteChunks(deletions: readonly Deletion[]): Promise<readonly DeletionOutcome[]> {
    const hash = (...parts: Uint8Array[]): Buffer =>
      createHash('sha256').update(Buffer.concat(parts)).digest();
    const confirmed = this.live.map((relay) => relay.id);
    return Promise.resolve(
      deletions.map(({ id, token, bodyHash }): DeletionOutcome => {
        if (hash(hash(token), bodyHash).toString('hex') !== id)
          return { id, status: 'forbidden', confirmed: [], pending: [] };
        for (const relay of this.live) relay.chunks.delete(id);
        return { id, status: 'deleted', confirmed, pending: [] };
      }),
    );
  }

  holdersOf(id: ChunkId): MemoryRelay[] {
    return this.relays.filter((relay) => relay.chunks.has(id));
  }

  async members(signal: AbortSignal): Promise<readonly Member[]> {
    this.membersCalls++;
    return this.#busyWhile(async () => {
      await this.#clock.sleep(1, signal);
      if (this.unreachable) throw new AppError('UNAVAILABLE', 'No relay answers.');
      return this.relays
        .filter((relay) => !relay.dead)
        .map(({ id, capacity, machine, distrusted }) => ({ id, capacity, machine, distrusted }));
    });
  }

  async put(
    id: ChunkId,
    chunk: Bytes,
    targets: readonly RelayId[],
    nonceHex: string,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    this.puts++;
    this.sent.push(id);
    return this.#busyWhile(async () => {
      await this.beforePut(id, signal);
      if (this.unreachable) throw new AppError('UNAVAILABLE', 'No relay answers.');
      const receipts: Receipt[] = [];
      const failed: { relay: RelayId; code: ErrorCode }[] = [];
      await Promise.all(
        targets.map(async (target) => {
          const relay = this.relay(target);
          await this.#clock.sleep(relay.latencyMs, signal);
          try {
            receipts.push(...(await this.#store(relay, id, chunk, nonceHex, signal)));
          } catch (error) {
            if (!(error instanceof AppError) || signal.aborted) throw error;
            failed.push({ relay: target, code: error.code });
          }
        }),
      );
      return { receipts, failed };
    });
  }

  async get(id: ChunkId, holder: RelayId | null, signal: AbortSignal): Promise<Bytes> {
    this.gets++;
    this.holdersAsked.push(holder);
    return this.#busyWhile(async () => {
      this.beforeGet(holder);
      if (this.unreachable) throw new AppError('UNAVAILABLE', 'No relay answers.');
      if (holder !== null) return this.#read(this.relay(holder), id, signal);
      const relay = this.locates ? this.live.find((each) => each.chunks.has(id)) : undefined;
      if (relay === undefined) throw new AppError('NOT_FOUND', 'No relay has it.');
      return this.#read(relay, id, signal);
    });
  }

  locate(ids: readonly ChunkId[]): Promise<LocatedChunks> {
    return Promise.resolve({
      holders: ids.map((id) => this.live.filter((relay) => relay.chunks.has(id)).map((relay) => relay.id)),
      unreachable: this.relays.filter((relay) => relay.deadButListed).map((relay) => relay.id),
    });
  }

  async #busyWhile<T>(work: () => Promise<T>): Promise<T> {
    this.busy++;
    try {
      return await work();
    } finally {
      this.busy--;
    }
  }

  async #store(
    relay: MemoryRelay,
    chunk: ChunkId,
    bytes: Bytes,
    nonce: string,
    signal: AbortSignal,
  ): Promise<Receipt[]> {
    if (relay.gone) throw new AppError('UNAVAILABLE', 'Connection refused.');
    const honest = { chunk: chunk as string, size: bytes.length, nonce };
    switch (relay.writeFault) {
      case 'refuse':
        throw new AppError('NO_SPACE', 'Full.');
      case 'reset':
        throw new AppError('UNAVAILABLE', 'Reset.');
      case 'hang':
        await this.#clock.sleep(20_000, signal);
        throw new AppError('TIMEOUT', 'No answer.');
      case 'silent':
        return [];
      case 'forge-signature':
        return [{ ...relay.receipt(honest), signature: '0'.repeat(128) }];
      case 'forge-key': {
        // Signs well, with a key that is not the relay's.
        const other = new MemoryRelay('somebody else');
        return [{ ...other.receipt(honest), relay: relay.id }];
      }
      case 'foreign-signer':
        return [new MemoryRelay('somebody else').receipt(honest)];
      case 'other-chunk':
        return [relay.receipt({ ...honest, chunk: 'ab'.repeat(32) })];
      case 'other-size':
        return [relay.receipt({ ...honest, size: honest.size - 1 })];
      case 'old-nonce':
        return [relay.receipt({ ...honest, nonce: '00'.repeat(16) })];
      case 'duplicate':
      case null:
        break;
    }
    relay.chunks.set(chunk, bytesOf(bytes));
    const receipt = relay.receipt(honest);
    return relay.writeFault === 'duplicate' ? [receipt, receipt, receipt] : [receipt];
  }

  async #read(relay: MemoryRelay, id: ChunkId, signal: AbortSignal): Promise<Bytes> {
    relay.reads++;
    await this.#clock.sleep(relay.latencyMs, signal);
    if (relay.gone) throw new AppError('UNAVAILABLE', 'Connection refused.');
    const stored = relay.chunks.get(id);
    if (stored === undefined || relay.readFault === 'absent') throw new AppError('NOT_FOUND', 'Not here.');
    switch (relay.readFault) {
      case 'hang':
        await this.#clock.sleep(3_600_000, signal);
        break;
      case 'trickle':
        await this.#clock.sleep(29_000, signal);
        break;
      case 'reset':
        throw new AppError('UNAVAILABLE', 'Reset.');
      case 'oversized':
        throw new AppError('TOO_LARGE', 'More than a chunk.');
      case 'garbage':
        return bytesOf(stored.map((byte) => byte ^ 0x55));
      case 'truncate':
        return stored.slice(0, stored.length - 7);
      case 'empty':
        return new Uint8Array();
      case 'foreign': {
        const other = [...relay.chunks].find(([otherId]) => otherId !== id);
        return bytesOf(other?.[1] ?? new Uint8Array(200));
      }
      case null:
        break;
    }
    return bytesOf(stored);
  }
}
