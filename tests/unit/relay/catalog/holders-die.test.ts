import { expect, it } from 'vitest';
import { REPLICAS } from '../../../../shared/limits.ts';
import { choices } from '../../../helpers/choices.ts';
import type { DhtRelay } from '../dht/dht-rig.ts';
import { signed, signerOf } from './catalog-rig.ts';
import { CatalogSwarm, everywhere } from './catalog-swarm.ts';

const signal = new AbortController().signal;
const RELAYS = 8;

it('a published file is on every relay when any four of its five holders have died at once', async () => {
  const five = Array.from({ length: REPLICAS }, (_, index) => index);
  for (const dead of choices(five, REPLICAS - 1)) {
    using swarm = new CatalogSwarm(RELAYS);
    const { entry, id, list } = await signed(await signerOf(2));
    await swarm.catalogOf(swarm.relays[0] as DhtRelay).publish(entry, signal);
    const holders = swarm.holdersOf(list);
    swarm.kill(dead.map((index) => holders[index] as DhtRelay));
    expect(await swarm.shown()).toEqual(everywhere(RELAYS - dead.length, [id]));
  }
});
