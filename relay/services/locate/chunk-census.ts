/** Which live relays hold which chunks, for many at once: each relay is asked once, for all that it may hold. */
import { AppError } from '../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  DHT_ASK_TIMEOUT_MS,
  LOCATE_ALL_RELAYS,
  LOCATE_PARALLEL,
  MAX_CONCURRENT_LOCATES,
} from '../../../shared/limits.ts';
import { isStoring, neighbourhood } from '../../../shared/placement/neighbourhood.ts';
import type { LocateAnswer } from '../../../shared/protocol/dht-routes.ts';
import { inParallel } from '../care/in-parallel.ts';
import { withDeadline } from '../deadline.ts';
import type { Members } from '../dht/members.ts';
import { Gate } from '../gate.ts';
import { askHoldings } from '../holdings.ts';
import type { LocalChunkService } from '../local-chunk-service.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';

export interface ChunkCensusParts {
  readonly members: Members;
  readonly local: Pick<LocalChunkService, 'has'>;
  readonly rpc: PeerRpc;
  readonly clock: Pick<Clock, 'sleep'>;
}

export class ChunkCensus {
  readonly #parts: ChunkCensusParts;
  readonly #gate = new Gate(
    MAX_CONCURRENT_LOCATES,
    'This relay looks for as many chunks as it can. Try again soon.',
  );

  constructor(parts: ChunkCensusParts) {
    this.#parts = parts;
  }

  /** Relays' own claims, in the order of the membership. `client`: see `GateGuest`. Throws `RATE_LIMITED`, `ABORTED`. */
  take(ids: readonly ChunkId[], signal: AbortSignal, client?: string): Promise<LocateAnswer> {
    return this.#gate.run(() => this.#take([...new Set(ids)], signal), { client });
  }

  async #take(ids: readonly ChunkId[], signal: AbortSignal): Promise<LocateAnswer> {
    const { members, local } = this.#parts;
    const self = members.self.id;
    const questions = this.#questions(ids);
    const holders = new Map<RelayId, ReadonlySet<ChunkId>>([
      [self, new Set(ids.filter((id) => local.has(id)))],
    ]);
    const unreachable: RelayId[] = [];
    await inParallel([...questions], LOCATE_PARALLEL, async ([relay, asked]) => {
      const held = await this.#ask(relay, asked, signal);
      if (held === null) unreachable.push(relay);
      else holders.set(relay, held);
    });
    const order = [self, ...questions.keys()];
    return {
      chunks: ids.map((id) => ({
        id,
        relays: order.filter((relay) => holders.get(relay)?.has(id) === true),
      })),
      unreachable: unreachable.sort(),
    };
  }

  /** Null when it does not answer. */
  async #ask(relay: RelayId, ids: readonly ChunkId[], signal: AbortSignal): Promise<Set<ChunkId> | null> {
    const { rpc, clock } = this.#parts;
    try {
      return await withDeadline(clock, DHT_ASK_TIMEOUT_MS, 'A relay’s answer', signal, (either) =>
        askHoldings(rpc, relay, ids, either),
      );
    } catch (cause) {
      if (signal.aborted) throw AppError.from(cause);
      return null;
    }
  }

  /** Other relays that may hold something, and what: in a small swarm all of them, else those near each chunk. */
  #questions(ids: readonly ChunkId[]): Map<RelayId, ChunkId[]> {
    const { members } = this.#parts;
    const storing = members.list().filter(isStoring);
    const questions = new Map<RelayId, ChunkId[]>();
    for (const id of ids) {
      const likely = storing.length <= LOCATE_ALL_RELAYS ? storing : neighbourhood(id, storing);
      for (const { id: relay } of likely) {
        if (relay === members.self.id) continue;
        const asked = questions.get(relay) ?? [];
        questions.set(relay, asked);
        asked.push(id);
      }
    }
    return questions;
  }
}
