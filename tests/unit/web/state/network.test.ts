import { describe, expect, it } from 'vitest';
import { GONE_RELAY_SHOWN_MS, MAX_GONE_RELAYS_SHOWN, NETWORK_MARK_MS } from '../../../../shared/limits.ts';
import { addressOf } from '../../../../shared/protocol/address.ts';
import { Network } from '../../../../web/state/network.svelte.ts';
import type { NetworkRelay } from '../../../../web/state/engine-types.ts';
import { FakeNetwork } from './fake-engine.ts';
import { idOf, networkRelay, snapshotOf } from './network-fixtures.ts';

function rig(): {
  port: FakeNetwork;
  network: Network;
  see: (relays: readonly NetworkRelay[], afterMs?: number) => void;
} {
  const port = new FakeNetwork();
  let nowMs = 1_000_000;
  const network = new Network(port, () => nowMs);
  network.open();
  return {
    port,
    network,
    see: (relays, afterMs = 3000) => {
      nowMs += afterMs;
      port.view.set({ snapshot: snapshotOf(relays), reachable: true });
    },
  };
}

const states = ({ relays }: Network): string[] => relays.map(({ port, state }) => `${port} ${state}`);

describe('Network', () => {
  it('shows what the swarm says, by address, and sums it up', () => {
    const { network, see } = rig();
    expect(network.loaded).toBe(false);
    see([
      networkRelay(2, { machine: 'other' }),
      networkRelay(1, { state: 'suspect' }),
      networkRelay(3, { report: null }),
    ]);
    expect(network.loaded).toBe(true);
    expect(states(network)).toEqual(['8001 suspect', '8002 alive', '8003 alive']);
    expect(network.totals).toEqual({ live: 3, hosts: 2, meshLinks: 2, capacityBytes: 3000, usedBytes: 20 });
    expect(network.neighboursOf(idOf(1)).map(({ id }) => id)).toEqual([idOf(2), idOf(3)]);
    expect(network.relays.some(({ joined }) => joined)).toBe(false);
  });

  it('keeps a relay that has gone in the picture for a while, and takes it back', () => {
    const { network, see } = rig();
    see([networkRelay(1), networkRelay(2)]);
    see([networkRelay(1)]);
    expect(states(network)).toEqual(['8001 alive', '8002 gone']);
    expect(network.relays[1]?.goneAtMs).toBe(1_006_000);
    expect(network.totals.live).toBe(1);
    see([networkRelay(1)]);
    expect(network.relays[1]?.goneAtMs).toBe(1_006_000);
    see([networkRelay(1), networkRelay(2)]);
    expect(states(network)).toEqual(['8001 alive', '8002 alive']);
    expect(network.relays[1]).toMatchObject({ joined: true, goneAtMs: null });
    see([networkRelay(1)]);
    see([networkRelay(1)], GONE_RELAY_SHOWN_MS + 1);
    expect(states(network)).toEqual(['8001 alive']);
    expect(network.nameOf(idOf(2))).toBe('00000000');
  });

  it('marks one that joins, for a while', () => {
    const { network, see } = rig();
    see([networkRelay(1)]);
    see([networkRelay(1), networkRelay(2)]);
    expect(network.relays.map(({ joined }) => joined)).toEqual([false, true]);
    see([networkRelay(1), networkRelay(2)], NETWORK_MARK_MS);
    expect(network.relays.map(({ joined }) => joined)).toEqual([false, false]);
  });

  it('shows repair: copies that a relay has made since it was looked at before', () => {
    const { network, see } = rig();
    const restored = (count: number): NetworkRelay =>
      networkRelay(1, { report: { version: '1', used: 0, chunks: 0, restored: count } });
    see([restored(40)]);
    expect(network.relays[0]?.restoring).toBe(0);
    see([restored(43)]);
    expect(network.relays[0]?.restoring).toBe(3);
    see([networkRelay(1, { report: null })]);
    see([restored(44)]);
    expect(network.relays[0]?.restoring).toBe(4);
    // Started anew.
    see([restored(0)]);
    expect(network.relays[0]?.restoring).toBe(4);
    see([restored(0)], NETWORK_MARK_MS);
    expect(network.relays[0]?.restoring).toBe(0);
  });

  it('shows a bounded number of those that have gone, the latest', () => {
    const { network, see } = rig();
    const many = Array.from({ length: MAX_GONE_RELAYS_SHOWN + 10 }, (_, i) => networkRelay(i + 1));
    see(many);
    see(many.slice(0, -10));
    see([]);
    expect(network.relays).toHaveLength(MAX_GONE_RELAYS_SHOWN);
    expect(network.relays.at(-1)?.port).toBeLessThan(8000 + many.length);
  });

  it('stays with what it knows while the relay does not answer', () => {
    const { network, port, see } = rig();
    see([networkRelay(1)]);
    port.view.set({ snapshot: snapshotOf([networkRelay(1)]), reachable: false });
    expect(network.reachable).toBe(false);
    expect(states(network)).toEqual(['8001 alive']);
  });

  it('asks only while a view shows it', () => {
    const port = new FakeNetwork();
    const network = new Network(port, () => 0);
    expect(port.view.watchers.size).toBe(0);
    const [closeOne, closeOther] = [network.open(), network.open()];
    closeOne();
    closeOne();
    expect(port.view.watchers.size).toBe(1);
    closeOther();
    expect(port.view.watchers.size).toBe(0);
    network.open();
    expect(port.view.watchers.size).toBe(1);
    network[Symbol.dispose]();
    expect(port.view.watchers.size).toBe(0);
  });

  it('names relays by address', () => {
    const { network, see } = rig();
    see([networkRelay(1, { host: 'fe80::1' }), networkRelay(2)]);
    expect(network.nameOf(idOf(1))).toBe('[fe80::1]:8001');
    expect(network.nameOf(idOf(2))).toBe('192.168.1.2:8002');
    expect(addressOf({ host: 'relay.local', port: 1 })).toBe('relay.local:1');
    see([]);
    expect(network.nameOf(idOf(2))).toBe('192.168.1.2:8002');
  });
});
