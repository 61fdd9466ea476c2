import { describe, expect, it } from 'vitest';
import { NEIGHBOURS } from '../../../../relay/services/mesh/mesh-rpc.ts';
import { TopologyService } from '../../../../relay/services/mesh/topology.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import type { Topology } from '../../../../shared/protocol/topology.ts';
import { parseWith } from '../../../../shared/protocol/schemas.ts';
import {
  TOPOLOGY_MAX_AGE_MS,
  TOPOLOGY_PARALLEL_CALLS,
  TOPOLOGY_TIMEOUT_MS,
} from '../../../../shared/limits.ts';
import { settled } from '../p2p/virtual-clock.ts';
import { SimSwarm, reportOf } from './mesh-rig.ts';
import type { SimRelay } from './mesh-rig.ts';

const never = new AbortController().signal;

interface Rig {
  readonly swarm: SimSwarm;
  readonly self: SimRelay;
  readonly topology: TopologyService;
  readonly asked: () => { most: number; all: number };
}

async function rig(count: number): Promise<Rig> {
  const swarm = new SimSwarm(count, 1);
  swarm.shareViews();
  for (const relay of swarm.relays) relay.start();
  await swarm.clock.advance(8000);
  const [self] = swarm.relays;
  if (self === undefined) throw new Error('no relay');
  let now = 0;
  let most = 0;
  let all = 0;
  const topology = new TopologyService({
    membership: { self: self.row, list: () => [self.row, ...self.view.values()] },
    mesh: self.mesh,
    rpc: {
      call: async (to, method, params, signal) => {
        most = Math.max(most, ++now);
        all++;
        const answer = await swarm.call(self, to, method.name, params, signal).finally(() => now--);
        return parseWith(method.result, answer, 'The answer');
      },
    },
    clock: swarm.clock,
    report: () => Promise.resolve(reportOf(self.id)),
    stopped: self.stopped.signal,
  });
  return { swarm, self, topology, asked: () => ({ most, all }) };
}

async function read({ topology, swarm }: Rig): Promise<Topology> {
  const answer = topology.read(never);
  await swarm.clock.advance(TOPOLOGY_TIMEOUT_MS);
  return answer;
}

const name = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
const meshOf = ({ links }: Topology): string[] =>
  links
    .filter(({ mesh }) => mesh)
    .map(({ a, b }) => name(a, b))
    .sort();

describe('the topology', () => {
  it('shows every relay and every neighbourhood once, asking few at a time', async () => {
    const one = await rig(30);
    const answer = await read(one);
    const expected = one.swarm.relays.flatMap(({ id, mesh }) =>
      mesh.neighbours().map((other) => name(id, other)),
    );
    expect(meshOf(answer)).toEqual([...new Set(expected)].sort());
    expect(answer.relays).toHaveLength(30);
    expect(answer.links.every(({ a, b }) => a < b)).toBe(true);
    expect(one.asked()).toEqual({ most: TOPOLOGY_PARALLEL_CALLS, all: 29 });
  });

  it('is asked for once by many, told again for a while, and then asked for anew', async () => {
    const one = await rig(5);
    await Promise.all([read(one), one.topology.read(never), one.topology.read(never)]);
    expect(one.asked().all).toBe(4);
    await one.swarm.clock.advance(TOPOLOGY_MAX_AGE_MS);
    await read(one);
    expect(one.asked().all).toBe(8);
  });

  it('tells what each relay says of itself, where it says so', async () => {
    const one = await rig(6);
    const [, silent, older] = one.swarm.relays;
    if (silent === undefined || older === undefined) throw new Error('no relay');
    silent.frozen = true;
    older.router.answer = () => Promise.resolve({ neighbours: [] });
    for (const { id, report } of (await read(one)).relays) {
      const says = id !== silent.id && id !== older.id;
      expect(report).toEqual(says ? reportOf(parseRelayId(id)) : undefined);
    }
  });

  it('does without relays that do not answer in time', async () => {
    const one = await rig(10);
    const silent = one.swarm.relays.slice(1, 4);
    for (const relay of silent) relay.frozen = true;
    const answer = await read(one);
    expect(answer.relays).toHaveLength(10);
    const loud = one.swarm.relays.filter((relay) => !silent.includes(relay));
    for (const { id, mesh } of loud) {
      for (const other of mesh.neighbours()) expect(meshOf(answer)).toContain(name(id, other));
    }
  });

  it('believes nobody who claims neighbours that deny it, strangers, or itself', async () => {
    const one = await rig(12);
    const liar = one.swarm.relays.find(
      ({ id }) => id !== one.self.id && !one.self.mesh.neighbours().includes(id),
    );
    if (liar === undefined) throw new Error('all are neighbours');
    const before = meshOf(await read(one));
    const claimed = [one.self.id, liar.id, 'ee'.repeat(32)];
    const answer = liar.router.answer.bind(liar.router);
    liar.router.answer = (method, ...rest) =>
      method === NEIGHBOURS.name ? Promise.resolve({ neighbours: claimed }) : answer(method, ...rest);
    await one.swarm.clock.advance(TOPOLOGY_MAX_AGE_MS);
    const after = meshOf(await read(one));
    expect(after.filter((link) => !before.includes(link))).toEqual([]);
    expect(after.filter((link) => link.includes(liar.id))).toEqual([]);
  });

  it('an answer with too many neighbours counts as none', async () => {
    const one = await rig(12);
    const [, liar] = one.swarm.relays;
    if (liar === undefined) throw new Error('no relay');
    const ids = one.swarm.relays.map(({ id }) => id);
    liar.router.answer = () => Promise.resolve({ neighbours: ids });
    const mesh = meshOf(await read(one));
    expect(mesh.filter((link) => link.includes(liar.id)).length).toBeLessThanOrEqual(5);
  });

  it('ends with its reader, and with its relay', async () => {
    const one = await rig(4);
    const reader = new AbortController();
    const answer = one.topology.read(reader.signal);
    reader.abort();
    await expect(answer).rejects.toMatchObject({ code: 'ABORTED' });
    await one.swarm.clock.advance(2 * TOPOLOGY_MAX_AGE_MS + 1);
    for (const relay of one.swarm.relays) relay.frozen = true;
    const last = one.topology.read(never);
    last.catch(() => undefined);
    await settled();
    one.self.stopped.abort();
    await expect(last).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
