import { expect, test } from 'vitest';
import { REPLICAS } from '../../../../shared/limits.ts';
import { goodOnDisk, swarmWith } from './care-rig.ts';

test.each(['have', 'busy'])(
  'a relay that says "%s" to every offer does not keep another from leaving',
  async (answer) => {
    await using stage = await swarmWith(60, { relays: 9, seed: 62 });
    const { swarm, ids } = stage;
    const liar = swarm.relay(5);
    for (const id of ids) await liar.store.drop(id);
    const { router } = liar.core;
    const honest = router.answer.bind(router);
    router.answer = (name, params, from, signal) =>
      name === 'care.offer'
        ? Promise.resolve({ answers: (params as { chunks: unknown[] }).chunks.map(() => answer) })
        : honest(name, params, from, signal);
    const { departure } = swarm.relay(3).core.care;
    departure.begin();
    const ended = (): boolean => departure.status.state === 'left' || departure.status.error !== undefined;
    await swarm.until(ended, { withinMs: 600_000 });
    expect(departure.status).toMatchObject({ state: 'left' });
    // What the liar has thrown away is for repair to make anew.
    for (const id of ids) expect(goodOnDisk(swarm, id).length).toBeGreaterThanOrEqual(REPLICAS - 1);
  },
);
