/** Everything that goes wrong. At most four relays are in trouble at once, and what destroys replicas does so to one relay at a time. */
import { readFile, writeFile } from 'node:fs/promises';
import { REPLICAS } from '../../shared/limits.ts';
import { operatorRoutes } from '../../shared/protocol/operator-routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { chunkPath } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';
import type { ChaosRelay } from './chaos-relay.ts';
import { Broken } from './broken.ts';
import { pick } from './model.ts';
import type { Model } from './model.ts';
import type { World } from './world.ts';

export const MAX_TROUBLED = 4;
const HOUR_MS = 3_600_000;
const MAX_ROTTEN = 4;
const LEAVING_MS = 240_000;

export interface FaultScene {
  readonly world: World;
  readonly model: Model;
  readonly random: () => number;
  /** Chunks that had five copies when the people began to work: as many may rot as of those. */
  readonly settledChunks: ReadonlySet<string>;
}

export interface Fault {
  readonly name: string;
  /** Undoes it; the relay is as before. */
  readonly heal: () => Promise<void>;
}

/** Begins with one relay in trouble; null when it cannot begin just now. */
type RelayFault = (relay: ChaosRelay, scene: FaultScene) => Promise<Fault['heal'] | null>;

const RELAY_FAULTS: Readonly<Record<string, RelayFault>> = {
  kill: async (relay) => {
    await relay.process.kill();
    return () => relay.start();
  },
  restart: async (relay) => {
    await relay.restart('SIGTERM');
    return () => Promise.resolve();
  },
  freeze: (relay) => {
    relay.process.signal('SIGSTOP');
    return Promise.resolve(() => {
      relay.process.signal('SIGCONT');
      return Promise.resolve();
    });
  },
  'power loss': losePower,
  delay: async (relay) => {
    await relay.shape({ kbits: 4000, queueMs: 800 });
    return () => relay.shape(null);
  },
  loss: async (relay) => {
    await relay.shape({ kbits: 1500, queueMs: 12 });
    return () => relay.shape(null);
  },
  'disk full': async (relay) => {
    await relay.fillDisk();
    return () => relay.clearDisk();
  },
  'clock skew': async (relay, { random }) => {
    await relay.process.kill('SIGTERM');
    await relay.start(Math.round((random() - 0.5) * 4 * HOUR_MS));
    return () => relay.restart('SIGTERM');
  },
  'bit-rot': rot,
  'leave and join': leave,
};
const RELAY_FAULT_NAMES = Object.keys(RELAY_FAULTS);
/** Only one relay at a time: they take replicas away, or keep others busy with that. */
const ALONE: ReadonlySet<string> = new Set(['bit-rot', 'leave and join']);

/** Begins a fault; null when as much is wrong as may be. */
export async function beginFault(scene: FaultScene): Promise<Fault | null> {
  const { world, random } = scene;
  if (random() < 0.1) return beginPartition(scene);
  if (random() < 0.04) return beginHostile(scene);
  const calm = world.relays.filter(({ trouble }) => trouble === null);
  if (world.relays.length - calm.length >= MAX_TROUBLED) return null;
  const name = pick(RELAY_FAULT_NAMES, random);
  if (ALONE.has(name) && world.relays.some(({ trouble }) => trouble === name)) return null;
  const relay = pick(calm, random);
  relay.trouble = name;
  const heal = await RELAY_FAULTS[name]?.(relay, scene);
  if (heal === null || heal === undefined) {
    relay.trouble = null;
    return null;
  }
  return {
    name: `${name} of ${relay.name}`,
    heal: async () => {
      await heal();
      relay.trouble = null;
    },
  };
}

function beginPartition({ world, random }: FaultScene): Fault | null {
  if (world.partition !== null || world.isHostile) return null;
  const hosts = world.relays.map(({ host }) => host.index);
  const left = hosts.filter(() => random() < 0.5);
  if (left.length === 0 || left.length === hosts.length) return null;
  world.split([left, hosts.filter((host) => !left.includes(host))]);
  const heal = (): Promise<void> => {
    world.heal();
    return Promise.resolve();
  };
  return { name: `partition of ${left.join()} from the others`, heal };
}

async function beginHostile({ world }: FaultScene): Promise<Fault | null> {
  if (world.partition !== null || world.isHostile) return null;
  await world.addHostile();
  return { name: 'a hostile relay', heal: () => world.removeHostile() };
}

/** What this relay has signed for is on its disk, whatever the disk had not written yet. */
async function losePower(relay: ChaosRelay, { model, world }: FaultScene): Promise<Fault['heal']> {
  const kept = model.files.filter(({ state }) => state === 'kept');
  const signed = kept.flatMap(({ signers }) =>
    [...signers].flatMap(([id, relays]) => (relays.has(relay.id) ? [id] : [])),
  );
  const held = new Set<string>();
  for (const id of signed) if (await relay.holdsIntact(id)) held.add(id);
  await relay.losePower();
  for (const id of model.keptChunks) {
    if (!held.has(id) || (await relay.holdsIntact(id))) continue;
    // Meanwhile it may have given a surplus replica up.
    const copies = await world.intactCopies(id);
    if (copies < REPLICAS)
      throw new Broken(
        `${relay.name} had signed for ${id} and lost it with the power: ${String(copies)} copies are left`,
      );
  }
  return () => relay.start();
}

/** A restart has the relay look at all that it has. */
async function rot(
  relay: ChaosRelay,
  { settledChunks, model, random }: FaultScene,
): Promise<Fault['heal'] | null> {
  const kept = new Set(model.keptChunks);
  const ids = (await relay.chunks()).filter((id) => settledChunks.has(id) && kept.has(id));
  if (ids.length === 0) return null;
  for (let i = 0; i < MAX_ROTTEN; i++) {
    const file = chunkPath(relay.storageDir, pick(ids, random));
    const bytes = await readFile(file).catch(() => null);
    if (bytes === null) continue;
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    await writeFile(file, bytes);
  }
  return () => relay.restart('SIGTERM');
}

/** It hands everything over and is gone; a new one takes its place. What cannot leave while others are away stays. */
async function leave(relay: ChaosRelay): Promise<Fault['heal'] | null> {
  try {
    await relay.ask('POST', '/unjoin');
  } catch {
    return null;
  }
  return async () => {
    await until(
      async () => {
        if (!relay.alive) return true;
        try {
          const text = await relay.ask('GET', '/unjoin');
          return (
            parseJsonWith(operatorRoutes.unjoinStatus.response, text, 'The departure').state === 'serving'
          );
        } catch {
          // It stops just now.
          return false;
        }
      },
      `${relay.name} leaves or stays`,
      LEAVING_MS,
    );
    if (!relay.alive) await relay.start();
  };
}
