/**
 * Hints for chunks that lie elsewhere than their placement says: their holder tells the relays nearest to them, and answers the
 * same of others. Hints, not proofs: whoever asks verifies what it gets.
 */
import Type from 'typebox';
import { AppError } from '../../../shared/errors.ts';
import { parseChunkId, parseRelayId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  DHT_ASK_TIMEOUT_MS,
  MAX_HOLDER_HINTS,
  MAX_HOLDER_IDS,
  MAX_IDS_PER_RPC,
  MAX_PROVIDED,
  MAX_PROVIDED_PER_RELAY,
  MAX_PROVIDE_QUEUE,
  PROVIDED_PER_SECOND,
  PROVIDER_REPLICAS,
  PROVIDE_DELAY_MS,
  PROVIDE_INTERVAL_MS,
  REPLICAS,
} from '../../../shared/limits.ts';
import { neighbourhood } from '../../../shared/placement/neighbourhood.ts';
import { holdersOf } from '../../../shared/placement/placement.ts';
import { Id } from '../../../shared/protocol/schemas.ts';
import type { IndexDatabase } from '../../storage/index-database.ts';
import { ProviderTable } from '../../storage/provider-table.ts';
import { withDeadline } from '../deadline.ts';
import type { Members } from '../dht/members.ts';
import type { EventBus } from '../events.ts';
import { PeerBudget } from '../peer-budget.ts';
import type { LocalChunkService } from '../local-chunk-service.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../ports.ts';
import { rpcMethod } from '../rpc.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';

/** Chunks looked at before other work gets its turn: each costs about 0.2 ms. */
const SLICE_CHUNKS = 50;
const TICK_MS = 1000;

/** `afresh`: what the sender has said before does not count any more. */
const PROVIDE = rpcMethod(
  'dht.provide',
  Type.Object({ afresh: Type.Boolean(), ids: Type.Array(Id, { maxItems: MAX_IDS_PER_RPC }) }),
  Type.Object({}),
);

/** For each id, in order: the relays that hold it as far as the answering one knows, itself first. */
export const FIND_HOLDERS = rpcMethod(
  'dht.find-holders',
  Type.Object({ ids: Type.Array(Id, { maxItems: MAX_HOLDER_IDS }) }),
  Type.Object({
    holders: Type.Array(Type.Array(Id, { maxItems: MAX_HOLDER_HINTS }), { maxItems: MAX_HOLDER_IDS }),
  }),
);

export interface ProvidersParts {
  readonly members: Members;
  readonly local: Pick<LocalChunkService, 'has' | 'inventory'>;
  readonly database: IndexDatabase;
  readonly events: EventBus;
  readonly rpc: PeerRpc;
  readonly router: RpcRouter;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly stopped: AbortSignal;
}

/** Ids that wait to be sent, by receiver. */
type Outbox = Map<RelayId, ChunkId[]>;

export class Providers {
  readonly #parts: ProvidersParts;
  readonly #table: ProviderTable;
  readonly #budget: PeerBudget;
  /** Whom the last pass has told something: the next one takes it back where it does not hold any more. */
  #told = new Set<RelayId>();
  /** Chunks stored since the last tick. */
  readonly #fresh = new Set<ChunkId>();
  #changedAt: number | undefined;
  #lastPassAt = -Infinity;
  #freshSince = 0;
  #running = false;

  constructor(parts: ProvidersParts) {
    this.#parts = parts;
    this.#table = new ProviderTable(parts.database);
    const share = { perSecond: PROVIDED_PER_SECOND, burst: MAX_PROVIDED_PER_RELAY };
    this.#budget = new PeerBudget(() => parts.clock.now(), share);
    parts.router.handle(PROVIDE, ({ afresh, ids }, from) => {
      this.#take(from, afresh, ids.map(parseChunkId));
      return {};
    });
    parts.router.handle(FIND_HOLDERS, ({ ids }) => ({
      holders: ids.map((id) => this.holdersOf(parseChunkId(id))),
    }));
  }

  start(): void {
    const { clock, events, members, stopped } = this.#parts;
    const self = members.self.id;
    // Whoever is not there any more has nothing to give; it says so anew when it comes back.
    for (const relay of this.#table.relays()) if (members.get(relay) === undefined) this.#table.drop(relay);
    const unsubscribe = events.subscribe((event) => {
      if (event.type === 'peer-joined' || event.type === 'peer-left') this.#changedAt = clock.now();
      if (event.type === 'peer-left') this.#dropHintsOf(parseRelayId(event.id));
      if (event.type === 'chunk-stored' && event.relay === self) this.#note(parseChunkId(event.id));
    });
    stopped.addEventListener('abort', unsubscribe, { once: true });
    this.#changedAt = clock.now();
    clock.every(TICK_MS * (0.75 + this.#parts.random() / 2), () => void this.#tick(), stopped);
  }

  /** Relays that hold `id`, as far as this one knows: itself, and those that said so. */
  holdersOf(id: ChunkId): RelayId[] {
    const { local, members } = this.#parts;
    const told = this.#table.of(id, MAX_HOLDER_HINTS);
    return (local.has(id) ? [members.self.id, ...told] : told).slice(0, MAX_HOLDER_HINTS);
  }

  /** Tells of all chunks here that lie outside their placement, and takes back what is not so any more. */
  async pass(signal: AbortSignal): Promise<void> {
    const { local } = this.#parts;
    const before = this.#told;
    const told = new Set<RelayId>();
    const outbox: Outbox = new Map();
    let after = '';
    for (let count = 0; count < MAX_PROVIDED_PER_RELAY;) {
      const rows = local.inventory(after, SLICE_CHUNKS);
      for (const { id } of rows) if (this.#post(outbox, parseChunkId(id))) count++;
      await this.#send(outbox, MAX_IDS_PER_RPC, told, signal);
      after = rows.at(-1)?.id ?? after;
      if (rows.length < SLICE_CHUNKS) break;
      await new Promise(setImmediate);
    }
    for (const relay of before) if (!told.has(relay) && !outbox.has(relay)) outbox.set(relay, []);
    await this.#send(outbox, 0, told, signal);
    this.#told = told;
  }

  /** Whoever publishes an event cannot handle a disk that is full; a hint too many misleads nobody for long. */
  #dropHintsOf(relay: RelayId): void {
    try {
      this.#table.drop(relay);
    } catch (err) {
      this.#parts.log.warn({ err }, 'The hints of a relay that has gone could not be dropped');
    }
  }

  #note(id: ChunkId): void {
    if (this.#fresh.size === 0) this.#freshSince = this.#parts.clock.now();
    if (this.#fresh.size < MAX_PROVIDE_QUEUE) this.#fresh.add(id);
    else this.#changedAt ??= this.#parts.clock.now();
  }

  async #tick(): Promise<void> {
    const { clock, log, stopped } = this.#parts;
    const now = clock.now();
    const isPassDue =
      this.#changedAt !== undefined &&
      now - this.#changedAt >= PROVIDE_DELAY_MS &&
      now - this.#lastPassAt >= PROVIDE_INTERVAL_MS;
    const isNewsDue = this.#fresh.size > 0 && now - this.#freshSince >= PROVIDE_DELAY_MS;
    if (this.#running || (!isPassDue && !isNewsDue)) return;
    this.#running = true;
    try {
      if (isPassDue) {
        this.#changedAt = undefined;
        this.#lastPassAt = now;
        this.#fresh.clear();
        await this.pass(stopped);
      } else await this.#tellFresh(stopped);
    } catch (err) {
      if (AppError.from(err).code !== 'ABORTED')
        log.warn({ err }, 'The swarm could not be told where chunks lie');
    } finally {
      this.#running = false;
    }
  }

  async #tellFresh(signal: AbortSignal): Promise<void> {
    const outbox: Outbox = new Map();
    const ids = [...this.#fresh];
    this.#fresh.clear();
    for (const [index, id] of ids.entries()) {
      if (this.#parts.local.has(id)) this.#post(outbox, id);
      if (index % SLICE_CHUNKS === SLICE_CHUNKS - 1) await new Promise(setImmediate);
    }
    // Adds to what the last pass has said.
    await this.#send(outbox, 0, new Set(outbox.keys()), signal);
    for (const relay of outbox.keys()) this.#told.add(relay);
  }

  /** False for a chunk that is where it belongs. */
  #post(outbox: Outbox, id: ChunkId): boolean {
    const { members } = this.#parts;
    const relays = members.list();
    const self = members.self.id;
    if (relays.length <= REPLICAS || holdersOf(id, relays).some((holder) => holder.id === self)) return false;
    for (const relay of neighbourhood(id, relays).slice(0, PROVIDER_REPLICAS)) {
      if (relay.id === self) continue;
      const ids = outbox.get(relay.id) ?? [];
      outbox.set(relay.id, ids);
      ids.push(id);
    }
    return true;
  }

  /** Sends to each receiver for which at least `least` ids wait; `told`: who has been told something already. */
  async #send(outbox: Outbox, least: number, told: Set<RelayId>, signal: AbortSignal): Promise<void> {
    const { rpc, clock, log } = this.#parts;
    for (const [relay, ids] of outbox) {
      if (ids.length < least) continue;
      do {
        const batch = ids.splice(0, MAX_IDS_PER_RPC);
        const params = { afresh: !told.has(relay), ids: batch };
        told.add(relay);
        try {
          await withDeadline(clock, DHT_ASK_TIMEOUT_MS, 'A relay’s answer', signal, (either) =>
            rpc.call(relay, PROVIDE, params, either),
          );
        } catch (cause) {
          if (signal.aborted) throw cause;
          log.debug({ relay, code: AppError.from(cause).code }, 'A relay does not learn where chunks lie');
        }
      } while (ids.length > 0);
    }
  }

  /** Throws `RATE_LIMITED`, `NO_SPACE`. */
  #take(from: RelayId, afresh: boolean, ids: readonly ChunkId[]): void {
    this.#budget.spend(from, ids.length);
    if (afresh) this.#table.drop(from);
    const isFull =
      this.#table.count(from) + ids.length > MAX_PROVIDED_PER_RELAY ||
      this.#table.count() + ids.length > MAX_PROVIDED;
    if (isFull) throw new AppError('NO_SPACE', 'This relay remembers no more hints.');
    this.#table.add(from, ids);
  }
}
