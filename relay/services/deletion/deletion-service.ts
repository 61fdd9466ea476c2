/** A client's deletions: checked, applied here, handed on, and confirmed by the relays that most likely hold the chunks. */
import { concatBytes, fromHex } from '../../../shared/bytes.ts';
import { sha256Sync } from '../../../shared/crypto/hash.ts';
import { chunkIdFromHash, parseChunkId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  CARE_SLICE_CHUNKS,
  DELETE_CONFIRM_TIMEOUT_MS,
  DELETE_LOOKUP_TIMEOUT_MS,
  MAX_CONCURRENT_DELETES,
  MAX_CONFIRMING_RELAYS,
  MAX_PARALLEL_DELETE_RPCS,
  NEIGHBOURHOOD,
  REPLICAS,
  TOMBSTONES_PER_RPC,
} from '../../../shared/limits.ts';
import type { Member } from '../../../shared/placement/member.ts';
import { placementOrder } from '../../../shared/placement/placement.ts';
import type { DeleteResult } from '../../../shared/protocol/deletion-routes.ts';
import { tombstoneId } from '../../../shared/protocol/tombstone.ts';
import type { Tombstone } from '../../../shared/protocol/tombstone.ts';
import { withDeadline } from '../deadline.ts';
import { Gate } from '../gate.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import type { MeshView } from '../mesh/mesh-view.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';
import { APPLY, HEADERS } from './deletion-rpc.ts';
import { newIn } from './deletions.ts';
import type { Deletions } from './deletions.ts';

/** One that has not answered by then is awaited beside the others. */
const SLOW_RELAY_MS = 200;

export interface DeletionServiceParts {
  readonly self: RelayId;
  readonly deletions: Deletions;
  readonly membership: Pick<Membership, 'list'>;
  readonly mesh: MeshView;
  readonly rpc: PeerRpc;
  readonly clock: Clock;
  readonly log: Log;
  /** Hands on what is new. */
  readonly spread: (ids: readonly ChunkId[]) => void;
}

export interface DeleteRequest {
  readonly id: ChunkId;
  readonly token: string;
  readonly bodyHash: string | null;
}

/** What is known of one chunk while its deletion is under way. */
interface Case {
  readonly id: ChunkId;
  readonly tombstone: Tombstone;
  readonly confirmed: Set<RelayId>;
  readonly asked: readonly RelayId[];
}

export class DeletionService {
  readonly #parts: DeletionServiceParts;
  readonly #gate = new Gate(
    MAX_CONCURRENT_DELETES,
    'This relay deletes as many chunks as it can. Try again soon.',
  );

  constructor(parts: DeletionServiceParts) {
    this.#parts = parts;
  }

  /**
   * One result for each request, in its order, within about five seconds. `client`: who sends them, see `GateGuest`. Throws
   * `RATE_LIMITED`, `ABORTED`.
   */
  delete(requests: readonly DeleteRequest[], signal: AbortSignal, client?: string): Promise<DeleteResult[]> {
    return this.#gate.run(() => this.#delete(requests, signal), { client });
  }

  async #delete(requests: readonly DeleteRequest[], signal: AbortSignal): Promise<DeleteResult[]> {
    const headers = await this.#lookUp(requests, signal);
    const cases = new Map<ChunkId, Case>();
    const refused: ('forbidden' | 'unknown' | null)[] = [];
    for await (const { id, token, bodyHash } of inSlices(requests)) {
      const body_hash = bodyHash ?? headers.get(id);
      const tombstone = body_hash === undefined ? null : { body_hash, token };
      if (tombstone === null) refused.push('unknown');
      else if (tombstoneId(tombstone) !== id) refused.push('forbidden');
      else {
        refused.push(null);
        if (!cases.has(id))
          cases.set(id, { id, tombstone, confirmed: new Set(), asked: this.#whomToAsk(id) });
      }
    }
    await this.#applyHere([...cases.values()]);
    await this.#confirm([...cases.values()], signal);
    return requests.map(({ id }, i) => {
      const status = refused[i] ?? null;
      const found = cases.get(id);
      return status !== null || found === undefined
        ? { id, status: status ?? 'unknown', confirmed: [], pending: [] }
        : this.#result(found);
    });
  }

  #result({ id, confirmed, asked }: Case): DeleteResult {
    const pending = [this.#parts.self, ...asked].filter((relay) => !confirmed.has(relay));
    return { id, status: confirmed.size > 0 ? 'deleted' : 'failed', confirmed: [...confirmed], pending };
  }

  async #applyHere(cases: readonly Case[]): Promise<void> {
    const { self, deletions, spread, log } = this.#parts;
    const tombstones = cases.map(({ tombstone }) => tombstone);
    try {
      spread(newIn(await deletions.apply(tombstones, 'client')));
      for (const { id, confirmed } of cases) if (deletions.isGone(id)) confirmed.add(self);
    } catch (err) {
      // The others can still delete; this relay is then among those that have not.
      log.error({ err }, 'Chunks could not be deleted here');
    }
  }

  /** The relays most likely to hold the chunk, and then others that a link is open to; this one aside. */
  #whomToAsk(id: ChunkId): RelayId[] {
    const { self, membership, mesh } = this.#parts;
    const members = membership.list();
    const live = new Set(members.map((member) => member.id));
    const likely = placementOrder(id, members)
      .slice(0, NEIGHBOURHOOD)
      .map((member) => member.id);
    const asked = new Set([...likely, ...mesh.linked().filter((relay) => live.has(relay))]);
    asked.delete(self);
    return [...asked].slice(0, MAX_CONFIRMING_RELAYS - 1);
  }

  async #confirm(cases: readonly Case[], signal: AbortSignal): Promise<void> {
    const { rpc } = this.#parts;
    const byRelay = groupByRelay(cases, ({ asked }) => asked);
    await this.#askAll(byRelay, DELETE_CONFIRM_TIMEOUT_MS, signal, async (relay, batch, attempt) => {
      const tombstones = batch.map(({ tombstone }) => tombstone);
      const { gone } = await rpc.call(relay, APPLY, { tombstones }, attempt);
      const named = new Set<string>(gone);
      for (const { id, confirmed } of batch) if (named.has(id)) confirmed.add(relay);
    });
  }

  /** Body hashes that the client did not send: from here, else from the likely holders, verified against the ids. */
  async #lookUp(requests: readonly DeleteRequest[], signal: AbortSignal): Promise<Map<ChunkId, string>> {
    const { deletions, membership, self, rpc } = this.#parts;
    const found = new Map<ChunkId, string>();
    const missing = new Set<ChunkId>();
    for (const { id, bodyHash } of requests) {
      const own = bodyHash ?? deletions.bodyHash(id);
      if (own === null) missing.add(id);
      else if (bodyHash === null) found.set(id, own);
    }
    if (missing.size === 0) return found;
    const members = membership.list();
    const orders = new Map<ChunkId, readonly Member[]>();
    for await (const id of inSlices([...missing]))
      orders.set(id, placementOrder(id, members).slice(0, NEIGHBOURHOOD));
    // Its holders first; whoever held it before a change of members after that.
    for (const [from, to] of [
      [0, REPLICAS],
      [REPLICAS, NEIGHBOURHOOD],
    ] as const) {
      const asked = (id: ChunkId): RelayId[] =>
        (orders.get(id) ?? []).slice(from, to).flatMap((member) => (member.id === self ? [] : member.id));
      const byRelay = groupByRelay([...missing], asked);
      await this.#askAll(byRelay, DELETE_LOOKUP_TIMEOUT_MS / 2, signal, async (relay, ids, attempt) => {
        const wanted = new Set<string>(ids);
        const { headers } = await rpc.call(relay, HEADERS, { ids: [...ids] }, attempt);
        for (const header of headers) {
          if (!wanted.has(header.id) || !isHeader(header)) continue;
          found.set(parseChunkId(header.id), header.body_hash);
          missing.delete(parseChunkId(header.id));
        }
      });
      if (missing.size === 0) break;
    }
    return found;
  }

  /** Asks each relay for its share, in batches, as far as the time goes; who does not answer is passed over. */
  async #askAll<T>(
    byRelay: ReadonlyMap<RelayId, readonly T[]>,
    timeoutMs: number,
    signal: AbortSignal,
    ask: (relay: RelayId, batch: readonly T[], signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { clock, log } = this.#parts;
    const askOne = async (relay: RelayId, all: readonly T[], attempt: AbortSignal): Promise<void> => {
      try {
        for (let at = 0; at < all.length; at += TOMBSTONES_PER_RPC)
          await ask(relay, all.slice(at, at + TOMBSTONES_PER_RPC), attempt);
      } catch (err) {
        if (!attempt.aborted) log.debug({ err, relay }, 'A relay did not answer about a deletion');
      }
    };
    const waiting = byRelay.entries();
    const work = async (attempt: AbortSignal): Promise<void> => {
      const slow: Promise<void>[] = [];
      for (const [relay, all] of waiting) {
        if (attempt.aborted) return;
        const asked = askOne(relay, all, attempt);
        // Relays that are frozen do not keep the others from being asked.
        if (!(await isOverWithin(asked, SLOW_RELAY_MS, clock, attempt))) slow.push(asked);
      }
      await Promise.all(slow);
    };
    await withDeadline(clock, timeoutMs, 'The swarm’s answer', signal, async (attempt) => {
      await Promise.all(Array.from({ length: MAX_PARALLEL_DELETE_RPCS }, () => work(attempt)));
    }).catch((cause: unknown) => {
      // Time is up: what has not answered is pending. A client that has gone away is told nothing.
      if (signal.aborted) throw cause;
    });
  }
}

async function isOverWithin(
  work: Promise<void>,
  patienceMs: number,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const isLate = (): boolean => false;
  const patience = clock.sleep(patienceMs, AbortSignal.any([signal, over.signal])).then(isLate, isLate);
  const isOver = await Promise.race([work.then(() => true), patience]);
  over.abort();
  return isOver;
}

/** Placement orders take half a millisecond each: other work has its turn in between. */
async function* inSlices<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const [i, item] of items.entries()) {
    if (i > 0 && i % CARE_SLICE_CHUNKS === 0) await new Promise(setImmediate);
    yield item;
  }
}

function groupByRelay<T>(
  items: readonly T[],
  relaysOf: (item: T) => readonly RelayId[],
): Map<RelayId, readonly T[]> {
  const groups = new Map<RelayId, T[]>();
  for (const item of items) {
    for (const relay of relaysOf(item)) {
      const group = groups.get(relay);
      if (group === undefined) groups.set(relay, [item]);
      else group.push(item);
    }
  }
  return groups;
}

function isHeader({ id, verifier, body_hash }: { id: string; verifier: string; body_hash: string }): boolean {
  return chunkIdFromHash(sha256Sync(concatBytes(fromHex(verifier), fromHex(body_hash)))) === id;
}
