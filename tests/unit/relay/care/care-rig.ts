/** Virtual swarms with chunks in them, past the first grace. */
import { readFileSync } from 'node:fs';
import type { ChunkId } from '../../../../shared/ids.ts';
import { DEFAULT_REPAIR_GRACE_MS } from '../../../../shared/limits.ts';
import { chunkPath } from '../../../helpers/stored-chunks.ts';
import { VirtualSwarm } from '../../../helpers/virtual-swarm.ts';
import type { VirtualSwarmOptions } from '../../../helpers/virtual-swarm.ts';
import { idOf } from '../fixtures.ts';

export const CHUNK_BYTES = 4000;

export interface Stage extends AsyncDisposable {
  readonly swarm: VirtualSwarm;
  readonly ids: readonly ChunkId[];
}

/** A swarm that holds `chunks`, all of them by their placement, and whose first grace and pass are over. */
export async function swarmWith(chunks: number, options: VirtualSwarmOptions): Promise<Stage> {
  const swarm = await VirtualSwarm.start(options);
  try {
    await swarm.settled();
    const ids = await putSome(swarm, chunks);
    await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS + 30_000 });
    return { swarm, ids, [Symbol.asyncDispose]: () => swarm[Symbol.asyncDispose]() };
  } catch (cause) {
    await swarm[Symbol.asyncDispose]();
    throw cause;
  }
}

export async function putSome(swarm: VirtualSwarm, count: number, entry = 0): Promise<ChunkId[]> {
  const ids: ChunkId[] = [];
  for (let i = 0; i < count; i++) {
    const chunk = swarm.makeChunk(CHUNK_BYTES);
    await swarm.put(chunk, { entry });
    ids.push(chunk.id);
  }
  return ids;
}

export const replicas = (swarm: VirtualSwarm, ids: readonly ChunkId[]): number[] =>
  ids.map((id) => swarm.holdersOf(id).length);

export const allAt = (swarm: VirtualSwarm, ids: readonly ChunkId[], count: number): boolean =>
  replicas(swarm, ids).every((each) => each === count);

/** Live relays in whose storage the chunk's file lies and is good. */
export function goodOnDisk(swarm: VirtualSwarm, id: ChunkId): number[] {
  return swarm.onDiskOf(id).filter((index) => {
    const relay = swarm.relay(index);
    return relay.alive && idOf(new Uint8Array(readFileSync(chunkPath(relay.dir, id)))) === id;
  });
}
