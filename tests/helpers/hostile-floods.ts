/** What a hostile relay sends unasked: news that are none, records of invented signers, beacons in others' names. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import Type from 'typebox';
import type { Membership } from '../../relay/services/membership.ts';
import { rpcMethod } from '../../relay/services/rpc.ts';
import type { PeerRpc } from '../../relay/services/rpc.ts';
import { createSigner } from '../../shared/crypto/sign.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { randomBytes } from '../../shared/crypto/random.ts';
import { catalogList } from '../../shared/protocol/catalog.ts';
import type { Hello } from '../../shared/protocol/datagrams.ts';
import { signEntry } from '../../shared/protocol/records.ts';
import { inventedId, inventedTombstone } from './hostile-answers.ts';

/** Between two floods, for each relay: all of a test's relays share one machine, and what one is told goes to all of them. */
const EVERY_MS_PER_RELAY = 250;
/** One that has just started knows few. */
const MIN_RELAYS = 20;
const TOMBSTONES = 32;
const ENTRIES = 8;
/** Each costs every relay a handshake. */
const BEACONS = 2;
const HAS_IDS = 512;

/** Any request: what is sent is up to the flood. */
const call = (name: string) => rpcMethod(name, Type.Unknown(), Type.Unknown());

export interface FloodParts {
  readonly membership: Membership;
  readonly rpc: PeerRpc;
  readonly discoveryPort: number;
  readonly ports: () => { readonly port: number; readonly link: number };
  /** Chunks that this relay has been sent. */
  readonly known: ReadonlySet<ChunkId>;
}

/** Floods one relay after the other until `stopped` fires, as much as it is let. */
export async function flood(parts: FloodParts, stopped: AbortSignal): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setBroadcast(true);
  stopped.addEventListener('abort', () => socket.close(), { once: true });
  void takeTurns(parts, socket, stopped);
}

async function takeTurns(parts: FloodParts, socket: Socket, stopped: AbortSignal): Promise<void> {
  for (let turn = 0; ; turn++) {
    const victims = parts.membership.list().slice(1);
    await delay(EVERY_MS_PER_RELAY * Math.max(MIN_RELAYS, victims.length));
    if (stopped.aborted) return;
    const victim = victims[turn % Math.max(1, victims.length)];
    if (victim === undefined) continue;
    if (parts.discoveryPort > 0) sendBeacons(socket, parts, victims);
    // A refusal is what it should get.
    await floodOne(parts, victim.id, stopped).catch(() => undefined);
  }
}

/** Beacons in the name of true relays and of invented ones, all leading here. */
function sendBeacons(
  socket: Socket,
  { ports, discoveryPort }: FloodParts,
  victims: readonly { id: string }[],
): void {
  const names = [...victims.map(({ id }) => id), ...Array.from({ length: BEACONS }, inventedId)];
  for (const id of names.slice(-2 * BEACONS)) {
    const hello: Hello = { type: 'HELLO', v: 1, id, ...ports() };
    socket.send(JSON.stringify(hello), discoveryPort, '127.255.255.255');
  }
}

async function floodOne({ rpc, known }: FloodParts, to: RelayId, signal: AbortSignal): Promise<void> {
  const items = Array.from({ length: TOMBSTONES }, () => ({ ...inventedTombstone(), age_ms: 0 }));
  const chunks = [...known].slice(-HAS_IDS);
  const list = catalogList(Math.floor(Math.random() * 16));
  const entries = Array.from({ length: ENTRIES }, async () => {
    const signer = await createSigner(randomBytes(32));
    return { kind: 'entry', list, entry: await signEntry(signer, list, 'QUFBQQ') };
  });
  const requests: [string, unknown][] = [
    ['gossip.push', { set: 'tombstones', items }],
    ['records.store', { items: await Promise.all(entries) }],
    ['chunks.has', { ids: [...chunks, ...Array.from({ length: HAS_IDS }, inventedId)] }],
    ['dht.provide', { afresh: false, ids: chunks }],
    ['care.surplus', { ids: chunks.slice(0, 64) }],
    ...chunks
      .slice(0, 16)
      .map((id): [string, unknown] => ['chunks.audit', { id, nonce: inventedId().slice(0, 32), keep: true }]),
  ];
  await Promise.allSettled(requests.map(([name, params]) => rpc.call(to, call(name), params, signal)));
}
