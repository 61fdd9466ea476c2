import { expect, test } from 'vitest';
import { recordOrder } from '../../../../relay/services/dht/dht-node.ts';
import { AppError } from '../../../../shared/errors.ts';
import { REPLICAS } from '../../../../shared/limits.ts';
import { atomicKey, signAtomic } from '../../../../shared/protocol/records.ts';
import { DhtSwarm } from './dht-rig.ts';
import type { Meddler } from './dht-rig.ts';
import { base64, signerOf } from './signed-items.ts';

const signal = new AbortController().signal;

const FAULTS: Record<string, Meddler> = {
  'is full': (method) => (method === 'records.store' ? { outcomes: ['no-space'] } : undefined),
  'does not answer': () => {
    throw new AppError('UNAVAILABLE', 'The link to the relay was lost.');
  },
};

test.each(Object.keys(FAULTS))('a holder that %s does not keep another from leaving', async (fault) => {
  using swarm = new DhtSwarm();
  for (let i = 0; i < 9; i++) swarm.add();
  swarm.settle();
  const record = await signAtomic(await signerOf(1), 1, base64('left'));
  const key = atomicKey(record.public_key);
  const members = swarm.live().map(({ view }) => view.self);
  const [leaver, bad] = recordOrder(key, members).map((id) => swarm.get(id));
  if (leaver === undefined || bad === undefined) throw new Error('Nobody holds it.');
  await leaver.records.putAtomic(record, signal);
  bad.store.forget(key, bad.store.digest(key));
  bad.meddler = FAULTS[fault];
  leaver.leaving = true;
  await leaver.rehome.handOver(signal);
  const keepers = swarm.live().filter(({ store }) => store.digest(key) !== '');
  expect(keepers).toHaveLength(REPLICAS);
  expect(keepers).not.toContain(leaver);
  expect(keepers).not.toContain(bad);
});
