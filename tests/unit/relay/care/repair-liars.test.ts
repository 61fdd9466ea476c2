import { expect, test } from 'vitest';
import { CARE_PASS_INTERVAL_MS, DEFAULT_REPAIR_GRACE_MS, REPLICAS } from '../../../../shared/limits.ts';
import type { VirtualRelay } from '../../../helpers/virtual-relay.ts';
import { goodOnDisk, swarmWith } from './care-rig.ts';

/** Holds nothing and says so, but answers every offer so that nobody sends it anything. */
async function evade(relay: VirtualRelay, ids: readonly string[], answer: string): Promise<void> {
  for (const id of ids) await relay.store.drop(id as never);
  const { router } = relay.core;
  const honest = router.answer.bind(router);
  router.answer = (name, params, from, signal) =>
    name === 'care.offer'
      ? Promise.resolve({ answers: (params as { chunks: unknown[] }).chunks.map(() => answer) })
      : honest(name, params, from, signal);
}

test.each(['have', 'busy'])(
  'a relay that answers every offer with "%s" and has nothing keeps no chunk below five',
  async (answer) => {
    await using stage = await swarmWith(20, { relays: 9, seed: 61 });
    const { swarm, ids } = stage;
    await evade(swarm.relay(5), ids, answer);
    swarm.kill(6);
    await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS + CARE_PASS_INTERVAL_MS + 300_000 });
    expect(ids.map((id) => goodOnDisk(swarm, id).length)).toEqual(ids.map(() => REPLICAS));
  },
);
