/** The catalog over the real records of the DHT, through a month of virtual time without any client. */
import { expect, it } from 'vitest';
import { signRemoval } from '../../shared/protocol/records.ts';
import type { DhtRelay } from '../unit/relay/dht/dht-rig.ts';
import { signed, signerOf } from '../unit/relay/catalog/catalog-rig.ts';
import { CatalogSwarm, everywhere } from '../unit/relay/catalog/catalog-swarm.ts';

const signal = new AbortController().signal;
const DAY_MS = 24 * 3600 * 1000;
const DAYS = 30;
const RELAYS = 7;

it('a published file is there after 30 days, with no client about, and is gone for good when it is unpublished', async () => {
  using swarm = new CatalogSwarm(RELAYS);
  const { entry, id, list, signer } = await signed(await signerOf(1));
  const [first, , third] = swarm.relays as [DhtRelay, DhtRelay, DhtRelay];
  await swarm.catalogOf(first).publish(entry, signal);
  for (const relay of swarm.relays) relay.rehome.start();
  for (let day = 0; day < DAYS; day++) await swarm.clock.advance(DAY_MS);
  expect(await swarm.shown()).toEqual(everywhere(RELAYS, [id]));

  const [away] = swarm.holdersOf(list) as [DhtRelay];
  swarm.kill([away]);
  await swarm.catalogOf(third).unpublish(id, await signRemoval(signer, list, id), signal);
  await swarm.clock.advance(DAY_MS);
  away.alive = true;
  swarm.settle();
  await swarm.clock.advance(DAY_MS);
  expect(await swarm.shown()).toEqual(everywhere(RELAYS, []));
});
