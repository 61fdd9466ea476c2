import { expect, it } from 'vitest';
import { durability } from '../../../../../shared/engine/durability.ts';
import type { ManifestId } from '../../../../../shared/ids.ts';
import { createPageChecks } from '../../../../../web/engine/health/page-checks.ts';
import { MemorySwarm } from '../../../shared/engine/memory-swarm.ts';
import { instant, openFreshStores, storeFile } from '../browser-bench.ts';

const never = new AbortController().signal;

it('a file that was uploaded here is found where it lies, and without the relays that are gone', async () => {
  await using stores = await openFreshStores();
  const swarm = new MemorySwarm(instant, 6);
  swarm.relays.forEach((relay, i) => (relay.machine = `host ${i % 3}`));
  const id = await storeFile(stores, swarm, 3);
  const checks = createPageChecks({ manifestOf: (each) => stores.files.manifest(each), swarm });
  const told: number[] = [];
  const before = await checks.distribution(id, never, (done) => told.push(done));
  expect(durability(before)).toMatchObject({ fewestCopies: 5, spareRelays: 4, spareHosts: 2 });
  expect(told).toEqual([3]);
  const [victim] = swarm.holdersOf((await (await stores.files.manifest(id)).rows.at(0)).id);
  if (victim !== undefined) victim.dead = true;
  expect(durability(await checks.distribution(id, never))).toMatchObject({ fewestCopies: 4, lost: 0 });
  await expect(checks.distribution('0'.repeat(64) as ManifestId, never)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});
