/** The mesh of the whole swarm: each relay is asked for its neighbours when somebody wants to see it. */
import type { Static } from 'typebox';
import type { RelayId } from '../../../shared/ids.ts';
import { parseRelayId } from '../../../shared/ids.ts';
import {
  MAX_TOPOLOGY_RELAYS,
  TOPOLOGY_MAX_AGE_MS,
  TOPOLOGY_PARALLEL_CALLS,
  TOPOLOGY_TIMEOUT_MS,
} from '../../../shared/limits.ts';
import type { RelayReport, Topology } from '../../../shared/protocol/topology.ts';
import { abortable, withDeadline } from '../deadline.ts';
import type { Membership } from '../membership.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';
import { NEIGHBOURS } from './mesh-rpc.ts';
import type { MeshView } from './mesh-view.ts';

export interface TopologyOptions {
  readonly membership: Pick<Membership, 'self' | 'list'>;
  readonly mesh: MeshView;
  readonly rpc: PeerRpc;
  readonly clock: Clock;
  /** Of this relay. */
  readonly report: () => Promise<RelayReport>;
  /** Fires when the relay stops. */
  readonly stopped: AbortSignal;
}

type Neighbours = Static<(typeof NEIGHBOURS)['result']>;
/** Neighbours by the word of each relay that answered. */
type Claims = ReadonlyMap<RelayId, ReadonlySet<RelayId>>;

export class TopologyService {
  readonly #options: TopologyOptions;
  #latest: { readonly at: number; readonly answer: Promise<Topology> } | undefined;

  constructor(options: TopologyOptions) {
    this.#options = options;
  }

  /** At most `TOPOLOGY_MAX_AGE_MS` old; callers share one round of questions. Throws ABORTED or UNAVAILABLE. */
  read(signal: AbortSignal): Promise<Topology> {
    const now = this.#options.clock.now();
    if (this.#latest === undefined || now - this.#latest.at > TOPOLOGY_MAX_AGE_MS) {
      this.#latest = { at: now, answer: this.#collect() };
      // Whoever asked may have gone away.
      this.#latest.answer.catch(() => undefined);
    }
    return abortable(signal, this.#latest.answer);
  }

  async #collect(): Promise<Topology> {
    const { membership, clock, stopped } = this.#options;
    const relays = membership.list().slice(0, MAX_TOPOLOGY_RELAYS);
    const claims = new Map<RelayId, ReadonlySet<RelayId>>();
    const reports = new Map<RelayId, RelayReport>();
    const queue = relays.map(({ id }) => id).filter((id) => id !== membership.self.id);
    await withDeadline(clock, TOPOLOGY_TIMEOUT_MS, 'The topology', stopped, async (signal) => {
      const ask = async (): Promise<void> => {
        for (let id = queue.shift(); id !== undefined && !signal.aborted; id = queue.shift()) {
          const said = await this.#ask(id, signal);
          if (said === undefined) continue;
          claims.set(id, new Set(said.neighbours.map(parseRelayId)));
          if (said.report !== undefined) reports.set(id, said.report);
        }
      };
      await Promise.all(Array.from({ length: TOPOLOGY_PARALLEL_CALLS }, ask));
    }).catch((cause: unknown) => {
      // Out of time: what has come in by now is told.
      if (stopped.aborted) throw cause;
    });
    const { mesh } = this.#options;
    claims.set(membership.self.id, new Set(mesh.neighbours()));
    reports.set(membership.self.id, await this.#options.report());
    const ids = new Set(relays.map(({ id }) => id));
    return {
      relays: relays.map(({ id, host, port, state }) => {
        const report = reports.get(id);
        return { id, host, port, state, ...(report === undefined ? {} : { report }) };
      }),
      links: [...meshLinks(claims, ids), ...otherLinks(membership.self.id, mesh, ids)],
    };
  }

  /** Undefined for one that does not answer. */
  async #ask(id: RelayId, signal: AbortSignal): Promise<Neighbours | undefined> {
    try {
      return await this.#options.rpc.call(id, NEIGHBOURS, {}, signal);
    } catch {
      return undefined;
    }
  }
}

function meshLinks(claims: Claims, ids: ReadonlySet<RelayId>): Topology['links'] {
  const links = new Map<string, Topology['links'][number]>();
  for (const [id, claimed] of claims) {
    for (const other of claimed) {
      // One end alone could claim to be anybody's neighbour.
      const denied = claims.get(other)?.has(id) === false;
      if (other === id || !ids.has(other) || denied) continue;
      const link = { ...ends(id, other), mesh: true };
      links.set(link.a + link.b, link);
    }
  }
  return [...links.values()];
}

function otherLinks(self: RelayId, mesh: MeshView, ids: ReadonlySet<RelayId>): Topology['links'] {
  const neighbours = new Set(mesh.neighbours());
  return mesh
    .linked()
    .filter((id) => ids.has(id) && !neighbours.has(id))
    .map((id) => ({ ...ends(self, id), mesh: false }));
}

function ends(one: RelayId, other: RelayId): { a: RelayId; b: RelayId } {
  return one < other ? { a: one, b: other } : { a: other, b: one };
}
