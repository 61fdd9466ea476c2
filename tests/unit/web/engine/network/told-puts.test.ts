import { expect, it } from 'vitest';
import type { ChunkId } from '../../../../../shared/ids.ts';
import type { RelayEvent } from '../../../../../shared/protocol/events.ts';
import { withToldPuts } from '../../../../../web/engine/network/told-puts.ts';
import { MemorySwarm } from '../../../shared/engine/memory-swarm.ts';
import { instant } from '../browser-bench.ts';

const never = new AbortController().signal;
const ID = 'c'.repeat(64) as ChunkId;

it('each relay that gave a receipt has stored the chunk, once; one that refused has not', async () => {
  const memory = new MemorySwarm(instant, 3);
  const [first, second, third] = memory.relays;
  if (first === undefined || second === undefined || third === undefined) throw new Error('no relays');
  second.writeFault = 'refuse';
  third.writeFault = 'duplicate';
  const told: RelayEvent[] = [];
  const port = {
    members: memory.members.bind(memory),
    put: memory.put.bind(memory),
    get: memory.get.bind(memory),
  };
  const swarm = withToldPuts(
    port,
    () => 7,
    (events) => told.push(...events),
  );
  const targets = [first.id, second.id, third.id];
  const { receipts, failed } = await swarm.put(ID, new Uint8Array(100), targets, '0'.repeat(32), never);
  expect([receipts.length, failed.length]).toEqual([4, 1]);
  expect(told).toEqual(
    [first, third].map(({ id }) => ({ type: 'chunk-stored', at: 7, id: ID, relay: id, size: 100 })),
  );
});
