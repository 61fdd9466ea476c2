/** The local simulation: a swarm of folders on this machine. No network is involved. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../shared/bytes.ts';
import type { Bytes } from '../../shared/bytes.ts';
import type {
  Deletion,
  DeletionOutcome,
  DeletionPort,
  InventoryPage,
  InventoryPort,
} from '../../shared/engine/deletion-ports.ts';
import type { PutOutcome, SwarmPort } from '../../shared/engine/ports.ts';
import type { LocatedChunks } from '../../shared/engine/relay-client.ts';
import { AppError, throwIfAborted } from '../../shared/errors.ts';
import { chunkIdOf } from '../../shared/format/chunk.ts';
import type { ChunkRows } from '../../shared/format/manifest-types.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import type { Member } from '../../shared/placement/member.ts';
import type { ChunkEntry } from '../../shared/protocol/routes.ts';
import { LocalNode } from './local-node.ts';
import { errnoOf, ioError } from './io-errors.ts';

/** Nodes that a new simulation gets: as many as let any four fail at once with room to spare. */
const NODES = 10;
const NODE_NAME = /^node_\d{1,4}$/;
/** The same for all, so that placement treats them alike. */
const CAPACITY_BYTES = 2 ** 40;

export interface LocalSwarmOptions {
  readonly folder: string;
  /** Whether missing nodes are made, for an upload; otherwise the swarm is what is there. */
  readonly create: boolean;
  /** Names of nodes that count as dead. */
  readonly without: readonly string[];
}

export class LocalSwarm implements SwarmPort, DeletionPort, InventoryPort {
  readonly #live: ReadonlyMap<RelayId, LocalNode>;
  readonly dead: readonly LocalNode[];

  private constructor(nodes: readonly LocalNode[], without: ReadonlySet<string>) {
    this.#live = new Map(nodes.filter(({ name }) => !without.has(name)).map((node) => [node.id, node]));
    this.dead = nodes.filter(({ name }) => without.has(name));
  }

  /** Throws `BAD_INPUT` for the name of a node that does not exist, `UNAVAILABLE` when there is none at all, `IO`. */
  static async open(options: LocalSwarmOptions): Promise<LocalSwarm> {
    const names = new Set(await nodeNames(options.folder));
    if (options.create) for (let i = 0; i < NODES; i++) names.add(`node_${i}`);
    if (names.size === 0) {
      throw new AppError(
        'UNAVAILABLE',
        `There are no simulated nodes in ${options.folder}. For a file that lies on relays, add --scan or --entry-node URL.`,
      );
    }
    const sorted = [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    for (const name of options.without) {
      if (names.has(name)) continue;
      throw new AppError('BAD_INPUT', `There is no node "${name}"; there are ${sorted.join(', ')}.`);
    }
    const nodes = await Promise.all(sorted.map((name) => LocalNode.open(name, join(options.folder, name))));
    return new LocalSwarm(nodes, new Set(options.without));
  }

  members(signal: AbortSignal): Promise<readonly Member[]> {
    throwIfAborted(signal);
    return Promise.resolve(
      [...this.#live.values()].map(({ id, name }) => ({ id, capacity: CAPACITY_BYTES, machine: name })),
    );
  }

  async put(
    id: ChunkId,
    chunk: Bytes,
    targets: readonly RelayId[],
    nonceHex: string,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    throwIfAborted(signal);
    if ((await chunkIdOf(chunk)) !== id) throw new AppError('HASH_MISMATCH', 'The chunk has another id.');
    const outcomes = await Promise.all(targets.map((target) => this.#putOne(target, id, chunk, nonceHex)));
    return {
      receipts: outcomes.flatMap((outcome) => ('signature' in outcome ? [outcome] : [])),
      failed: outcomes.flatMap((outcome) => ('code' in outcome ? [outcome] : [])),
    };
  }

  async get(id: ChunkId, holder: RelayId | null, signal: AbortSignal): Promise<Bytes> {
    throwIfAborted(signal);
    if (holder !== null) return this.#node(holder).read(id);
    for (const node of this.#live.values()) if (await node.has(id)) return node.read(id);
    throw new AppError('NOT_FOUND', 'No live node has the chunk.');
  }

  async deleteChunks(deletions: readonly Deletion[], signal: AbortSignal): Promise<DeletionOutcome[]> {
    const outcomes: DeletionOutcome[] = [];
    for (const { id, token, bodyHash } of deletions) {
      throwIfAborted(signal);
      const tombstone = { token: toHex(token), body_hash: toHex(bodyHash) };
      await Promise.all([...this.#live.values()].map((node) => node.delete(id, tombstone)));
      outcomes.push({ id, status: 'deleted', confirmed: [...this.#live.keys()], pending: [] });
    }
    return outcomes;
  }

  async inventory(relay: RelayId, after: string, limit: number, signal: AbortSignal): Promise<InventoryPage> {
    const rows: ChunkEntry[] = [];
    for await (const entry of this.#node(relay).inventory(after)) {
      throwIfAborted(signal);
      if (rows.length === limit) return { rows, more: true };
      rows.push(entry);
    }
    return { rows, more: false };
  }

  async locate(ids: readonly ChunkId[], signal: AbortSignal): Promise<LocatedChunks> {
    const holders: RelayId[][] = [];
    for (const id of ids) {
      throwIfAborted(signal);
      const live = [...this.#live.values()];
      const has = await Promise.all(live.map((node) => node.has(id)));
      holders.push(live.filter((_, index) => has[index]).map((node) => node.id));
    }
    return { holders, unreachable: [] };
  }

  /** How many of these chunks each dead node held. */
  async lostWith(rows: ChunkRows): Promise<Map<LocalNode, number>> {
    const held = new Map<LocalNode, number>(this.dead.map((node) => [node, 0]));
    for (let index = 0; index < rows.length; index++) {
      const { id } = await rows.at(index);
      for (const node of this.dead) if (await node.has(id)) held.set(node, (held.get(node) ?? 0) + 1);
    }
    return held;
  }

  async #putOne(target: RelayId, id: ChunkId, chunk: Bytes, nonceHex: string) {
    try {
      return await this.#node(target).store(id, chunk, nonceHex);
    } catch (cause) {
      return { relay: target, code: AppError.from(cause, 'IO').code };
    }
  }

  /** What the user calls a node of this swarm, dead or alive. */
  nameOf(id: RelayId): string | undefined {
    return (this.#live.get(id) ?? this.dead.find((node) => node.id === id))?.name;
  }

  #node(id: RelayId): LocalNode {
    const node = this.#live.get(id);
    if (node === undefined) throw new AppError('UNAVAILABLE', 'That node is down.');
    return node;
  }
}

async function nodeNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && NODE_NAME.test(entry.name))
      .map(({ name }) => name);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw ioError(cause, `Reading ${folder}`);
  }
}
