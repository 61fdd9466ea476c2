/**
 * A relay process with a relay's command line, identity, links and beacons, that is hostile in every way that `hostile-answers.ts` and
 * `hostile-floods.ts` know. It has no HTTP: clients meet it through other relays.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { readCommandLine } from '../../relay/config/command-line.ts';
import { machineHash } from '../../relay/p2p/machine.ts';
import { createSwarmNode } from '../../relay/p2p/swarm-node.ts';
import { RelayCore } from '../../relay/services/relay-core.ts';
import { openIdentity } from '../../relay/services/receipts.ts';
import { systemClock } from '../../relay/services/system-clock.ts';
import { ChunkStore } from '../../relay/storage/chunk-store.ts';
import { loadOrCreateSeed } from '../../relay/storage/identity-file.ts';
import { storageLayout } from '../../relay/storage/layout.ts';
import type { Ready } from '../../shared/protocol/ready.ts';
import { BentChunks, DROPPED, bentNews, bentRouter } from './hostile-answers.ts';
import { flood } from './hostile-floods.ts';

const task = await readCommandLine(process.argv.slice(2), process.env);
if ('print' in task) throw new Error('A hostile relay is started, not asked.');
const { config } = task;
const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const layout = storageLayout(config.storageDir);
await mkdir(layout.root, { recursive: true });
const { identity, signer } = await openIdentity(await loadOrCreateSeed(layout.identity));
const store = await ChunkStore.open({
  dir: layout.root,
  capacityBytes: config.capacityBytes,
  freeSpaceFloorBytes: config.minFreeBytes,
  log,
  wallTime: () => Date.now(),
});
const chunks = new BentChunks(identity.id, signer, path.join(layout.root, DROPPED));
/** Where nobody answers for a hostile relay's HTTP. */
const HTTP_PORT = 9;
let link = 1;
const core = new RelayCore(
  {
    ...{ identity, signer, store, log, clock: systemClock, limits: config.limits },
    ...{ capacityBytes: config.capacityBytes, machine: await machineHash(), version: 'hostile' },
  },
  ({ router, membership }) => {
    const tell = membership.newsFor.bind(membership);
    membership.newsFor = (id) => bentNews(tell(id), link);
    return createSwarmNode({
      ...{ identity, membership, log, clock: systemClock, localChunks: chunks },
      ...{ router: bentRouter(router, identity.id, () => link), swarmKey: null, settings: config },
    });
  },
);
const swarm = core.network;
({ linkPort: link } = await swarm.listen());
await swarm.announce({ httpPort: HTTP_PORT });
core.start();
await flood(
  {
    ...{ membership: core.membership, rpc: swarm.rpc, discoveryPort: config.discoveryPort },
    ...{ ports: () => ({ port: HTTP_PORT, link }), known: chunks.dropped },
  },
  core.stopped,
);
const ready: Ready = { event: 'ready', id: identity.id, port: HTTP_PORT, link };
process.stdout.write(`${JSON.stringify(ready)}\n`);
