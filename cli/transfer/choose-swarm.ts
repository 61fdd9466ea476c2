/** Which swarm a command talks to: relays that were named or heard, or the local simulation. */
import { createRelaySwarm } from '../../shared/engine/relay-client.ts';
import type { RelaySwarm } from '../../shared/engine/relay-client.ts';
import type { DeletingSwarm } from '../../shared/engine/delete.ts';
import type { InventoryPort } from '../../shared/engine/deletion-ports.ts';
import type { CatalogPort } from '../../shared/engine/catalog.ts';
import type { SwarmPort } from '../../shared/engine/ports.ts';
import type { RecordPort } from '../../shared/engine/record-client.ts';
import { AppError } from '../../shared/errors.ts';
import { withSwarmSession } from '../../shared/protocol/swarm-session.ts';
import { LocalSwarm } from '../adapters/local-swarm.ts';
import { nodeFetch } from '../adapters/node-fetch.ts';
import { scanForRelays } from '../adapters/scan.ts';
import { readSwarmKey } from '../adapters/swarm-key-file.ts';
import { DEFAULT_NETWORK_DATA, resolveNetworkFolder, resolveUserPath } from '../paths.ts';

export interface SwarmOptions {
  readonly scan?: boolean;
  readonly entryNode?: readonly string[];
  readonly discoveryPort: number;
  readonly dataDir?: string;
  readonly killNode?: readonly string[];
  /** File with the key of a private swarm. */
  readonly swarmKey?: string;
}

export interface ChosenSwarm {
  readonly swarm: SwarmPort & DeletingSwarm & InventoryPort & Pick<RelaySwarm, 'locate'>;
  /** Where journals say that an upload goes. */
  readonly target: string;
  /** What one of its members is called. */
  readonly memberWord: 'relay' | 'node';
  /** Relays with all that only they can be asked; null in the local simulation. */
  readonly relays: RelaySwarm | null;
  /** Base URL of the relay that is asked first; null in the local simulation. */
  readonly entryUrl: string | null;
  /** Null in the local simulation. */
  readonly catalog: CatalogPort | null;
  /** Null in the local simulation: it keeps no vault index. */
  readonly records: RecordPort | null;
  /** Null where there is a network. */
  readonly local: LocalSwarm | null;
}

/** Throws `BAD_INPUT` for options that exclude each other, and what scanning and opening folders throw. */
export async function chooseSwarm(
  options: SwarmOptions,
  purpose: 'upload' | 'download',
  signal: AbortSignal,
): Promise<ChosenSwarm> {
  const { scan = false, entryNode = [], killNode = [] } = options;
  if (scan && entryNode.length > 0) {
    throw new AppError('BAD_INPUT', 'Give either --scan or --entry-node, not both.');
  }
  if (scan || entryNode.length > 0) {
    if (killNode.length > 0) {
      throw new AppError(
        'BAD_INPUT',
        '--kill-node works in the local simulation only. Relays are processes of their own: stop one to see it fail.',
      );
    }
    const key = options.swarmKey === undefined ? null : await readSwarmKey(resolveUserPath(options.swarmKey));
    const { discoveryPort } = options;
    const baseUrls = scan ? await scanForRelays({ discoveryPort, key }, signal) : entryNode;
    const send = key === null ? nodeFetch : withSwarmSession(nodeFetch, key);
    // Node counts a Blob's bytes nowhere, so that its garbage collector lets hundreds of MiB of them pile up.
    const swarm = createRelaySwarm({ baseUrls, toBody: (bytes) => bytes, fetch: send });
    const { catalog, records } = swarm;
    const entryUrl = baseUrls[0] ?? null;
    return {
      ...{ swarm, relays: swarm, entryUrl, catalog, records, local: null },
      ...{ target: 'swarm', memberWord: 'relay' },
    };
  }
  if (options.swarmKey !== undefined) {
    throw new AppError(
      'BAD_INPUT',
      '--swarm-key goes with --scan or --entry-node: nobody else hears the local simulation.',
    );
  }
  const folder = resolveNetworkFolder(options.dataDir, DEFAULT_NETWORK_DATA);
  const local = await LocalSwarm.open({ folder, create: purpose === 'upload', without: killNode });
  return {
    ...{ swarm: local, relays: null, entryUrl: null, catalog: null, records: null, local },
    ...{ target: folder, memberWord: 'node' },
  };
}

/** Whether the options name relays, so that there is more to talk to than this machine. */
export function namesRelays({ scan = false, entryNode = [] }: SwarmOptions): boolean {
  return scan || entryNode.length > 0;
}
