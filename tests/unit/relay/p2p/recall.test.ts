import { expect, test } from 'vitest';
import { createSwarmNode } from '../../../../relay/p2p/swarm-node.ts';
import type { SwarmNode } from '../../../../relay/p2p/swarm-node.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { Membership } from '../../../../relay/services/membership.ts';
import type { Identity } from '../../../../relay/services/ports.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import { RECALL_INTERVAL_MS } from '../../../../shared/limits.ts';
import { until } from '../../../helpers/until.ts';
import { MemoryChunks, makeIdentity } from '../../../integration/p2p-rig.ts';
import { silentLog } from '../fixtures.ts';
import { VirtualClock } from './virtual-clock.ts';

interface Running extends AsyncDisposable {
  readonly node: SwarmNode;
  readonly membership: Membership;
  readonly linkPort: number;
}

/** A relay on loopback that neither beacons nor joins anybody. */
async function start(identity: Identity, clock: VirtualClock, linkPort = 0): Promise<Running> {
  const events = new EventBus(() => 0);
  const membership = new Membership({ id: identity.id, capacity: 1, machine: identity.id, clock, events });
  const node = createSwarmNode({
    ...{ identity, clock, membership, swarmKey: null, log: silentLog },
    localChunks: new MemoryChunks(identity),
    router: new RpcRouter(),
    settings: { host: '127.0.0.1', discoveryPort: 0, linkPort, join: [] },
  });
  const listening = await node.listen();
  await node.announce({ httpPort: 1 });
  return { node, membership, ...listening, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

test('relays that lost each other find each other again without beacons and without anybody to join', async () => {
  const clock = new VirtualClock();
  const [one, two] = [makeIdentity(), makeIdentity()];
  await using stays = await start(one, clock);
  const goes = await start(two, clock);
  const knows = (): boolean => stays.membership.get(two.id) !== undefined;
  const pass = async (wanted: () => boolean): Promise<boolean> => {
    await clock.advance(500);
    return wanted();
  };
  const hint = { id: two.id, host: '127.0.0.1', link: goes.linkPort };
  await stays.node.introduce(hint, one.id, new AbortController().signal);
  expect(knows()).toBe(true);
  await goes[Symbol.asyncDispose]();
  await until(() => pass(() => !knows()), 'the one that has gone is given up');
  // Long enough for whatever was known of it to be forgotten.
  await clock.advance(20 * RECALL_INTERVAL_MS);
  expect(knows()).toBe(false);
  await using back = await start(two, clock, goes.linkPort);
  await until(() => pass(knows), 'it is found again', 20_000);
  expect(back.membership.get(one.id)).toBeDefined();
});
