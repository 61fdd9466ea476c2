/** All that keeps five good replicas of every chunk, put together: audits, offers, repair, balance, scrub, and leaving the swarm. */
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  REPAIR_BYTES_PER_SECOND,
  SCRUB_BYTES_PER_SECOND,
  WATCH_INTERVAL_MS,
} from '../../../shared/limits.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';
import { MetaTable } from '../../storage/meta-table.ts';
import { Departure } from '../departure/departure.ts';
import { HandOver } from '../departure/hand-over.ts';
import type { EventBus } from '../events.ts';
import type { LocalChunkService } from '../local-chunk-service.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import type { Clock, PeerTransport } from '../ports.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';
import { Auditor } from './audit.ts';
import { BytePace } from './byte-pace.ts';
import { CarePass } from './care-pass.ts';
import { Caretaker } from './caretaker.ts';
import { Mover } from './mover.ts';
import { OfferDesk } from './offers.ts';
import { OwnChunks } from './own-chunks.ts';
import { scrubForever } from './scrub.ts';
import { Survey } from './survey.ts';
import { Trust } from './trust.ts';
import { Watchlist } from './watchlist.ts';

export interface CareParts {
  readonly store: ChunkStore;
  readonly local: LocalChunkService;
  readonly membership: Membership;
  readonly router: RpcRouter;
  readonly rpc: PeerRpc;
  readonly transport: PeerTransport;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  readonly graceMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Whether this relay may serve what it holds: until then it repairs nothing either. */
  readonly isReady: () => boolean;
  /** See `DepartureParts`. */
  readonly farewells: readonly ((signal: AbortSignal) => Promise<void>)[];
  readonly stopped: AbortSignal;
}

export class Care {
  readonly auditor: Auditor;
  readonly trust: Pick<Trust, 'distrusted'>;
  readonly caretaker: Caretaker;
  readonly departure: Departure;
  /** Resolves when this relay has left the swarm for good. */
  readonly left: Promise<void>;
  readonly #parts: CareParts;
  readonly #own: OwnChunks;
  #scrub: Promise<void> = Promise.resolve();

  constructor(parts: CareParts) {
    this.#parts = parts;
    const { store, local, membership, router, rpc, transport, events, clock, log, graceMs, stopped } = parts;
    const self: RelayId = membership.self.id;
    const watchlist = new Watchlist();
    const onHealed = (id: ChunkId): void => watchlist.watch(id, clock.now(), clock.now() + WATCH_INTERVAL_MS);
    const own = new OwnChunks({ store, local, transport, membership, events, log, onHealed, stopped });
    const readVerified = own.readVerified.bind(own);
    const auditor = new Auditor({
      self,
      clock,
      holds: (id) => own.has(id),
      readVerified,
      serves: () => this.#isInService,
    });
    const trust = new Trust({
      clock,
      events,
      random: parts.random,
      audit: (relay, id, signal) => auditor.sample(rpc, relay, id, signal),
    });
    const survey = new Survey({ self, rpc, trust, clock, graceMs });
    const pace = new BytePace(clock, REPAIR_BYTES_PER_SECOND);
    const mover = new Mover({ rpc, transport, readVerified, pace, events, log });
    const pass = new CarePass({ self, rpc, survey, mover, auditor, own, watchlist, clock, graceMs, log });
    const mayAct = (): boolean => this.#isInService;
    const caretaker = new Caretaker({
      ...{ membership, clock, graceMs, own, pass, watchlist, events, log, mayAct, stopped },
    });
    const left = Promise.withResolvers<undefined>();
    const departure = new Departure({
      ...{ store, own, caretaker, events, clock, log, stopped },
      meta: new MetaTable(store.database),
      intake: local.intake,
      handOver: () => new HandOver({ self, rpc, own, survey, mover, auditor, membership, clock, graceMs }),
      farewells: parts.farewells,
      onLeft: () => left.resolve(undefined),
    });
    const offers = new OfferDesk({
      self,
      store,
      isDeleted: (id) => store.tombstones.has(id),
      events,
      clock,
      takes: () => !departure.leaving,
    });
    auditor.answerOver(router);
    offers.answerOver(router);
    caretaker.answerOver(router);
    this.#own = own;
    this.auditor = auditor;
    this.trust = trust;
    this.caretaker = caretaker;
    this.departure = departure;
    this.left = left.promise;
  }

  /** Call it once, when this relay is announced; everything ends with `stopped`. */
  start(): void {
    const { store, clock, log, stopped } = this.#parts;
    this.caretaker.start();
    this.departure.resume();
    const pace = new BytePace(clock, SCRUB_BYTES_PER_SECOND);
    const meta = new MetaTable(store.database);
    const mayRun = (): boolean => this.#isInService;
    this.#scrub = scrubForever({ own: this.#own, meta, pace, clock, log, mayRun }, stopped);
  }

  /** Settles when nothing is under way any more, after `stopped` has fired; never rejects. */
  async ended(): Promise<void> {
    await Promise.all([this.caretaker.idle(), this.departure.ended, this.#scrub]);
    await this.#own.healed;
  }

  get #isInService(): boolean {
    return this.#parts.isReady() && !this.departure.leaving;
  }
}
