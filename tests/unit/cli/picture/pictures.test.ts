import { describe, expect, it } from 'vitest';
import { distributionPicture } from '../../../../cli/picture/distribution-picture.ts';
import { topologyPicture } from '../../../../cli/picture/topology-picture.ts';
import { distributionOn, network, relayId } from './fixtures.ts';

describe('the picture of a network', () => {
  it('has each relay once, by host, with what it is', () => {
    const { title, hosts, lines, legend } = topologyPicture(network(7, 3));
    expect(title).toBe('7 relays on 3 hosts');
    expect(hosts.map(({ name, relays }) => [name, ...relays.map(({ name: port }) => port)])).toEqual([
      ['10.0.0.0', ':8000', ':8001', ':8002'],
      ['10.0.0.1', ':8000', ':8001'],
      ['10.0.0.2', ':8000', ':8001'],
    ]);
    const looks = new Map(hosts.flatMap(({ relays }) => relays).map(({ id, look }) => [id, look]));
    expect(looks.get(relayId(2))).toBe('silent');
    expect(looks.get(relayId(6))).toBe('idle');
    expect(lines.filter(({ dashed }) => dashed)).toHaveLength(1);
    expect(legend.map(({ mark }) => mark)).toEqual(['entry', 'good', 'idle', 'silent', 'line', 'dashed']);
  });

  it('does not depend on the order in which relays are told, and explains only what it shows', () => {
    const snapshot = network(20, 4);
    const turned = { ...snapshot, relays: [...snapshot.relays].reverse() };
    expect(topologyPicture(turned)).toEqual(topologyPicture(snapshot));
    expect(topologyPicture(network(1, 1)).legend.map(({ mark }) => mark)).toEqual(['entry', 'idle']);
    expect(topologyPicture({ relays: [], links: [] })).toMatchObject({
      title: '0 relays on 0 hosts',
      hosts: [],
    });
  });

  it('writes IPv6 addresses as URLs have them', () => {
    const [relay] = network(1, 1).relays;
    if (relay === undefined) throw new Error('One relay.');
    const { hosts } = topologyPicture({ relays: [{ ...relay, host: 'fe80::1' }], links: [] });
    expect(hosts[0]?.relays[0]?.address).toBe('[fe80::1]:8000');
  });
});

describe('the picture of a file', () => {
  const snapshot = network(8, 2);
  const places = new Map(snapshot.relays.map((relay) => [relay.id, relay]));
  const picture = (copies: readonly number[]) =>
    distributionPicture({
      ...{ name: 'plan.pdf', sizeBytes: 5000, distribution: distributionOn(snapshot, copies), places },
      ...{ memberWord: 'relay', nameOf: () => undefined },
    });

  it('has a line to each holder, as wide as what it holds', () => {
    const { title, lines, hosts, legend } = picture([5, 5, 1]);
    expect(title).toBe('Where plan.pdf lies');
    expect(lines.map(({ to, label, weight }) => [to, label, weight])).toEqual([
      [relayId(0), '1', 1 / 3],
      [relayId(1), '2', 2 / 3],
      [relayId(2), '3', 1],
      [relayId(3), '2', 2 / 3],
      [relayId(4), '2', 2 / 3],
      [relayId(5), '1', 1 / 3],
    ]);
    const relays = hosts.flatMap((host) => host.relays);
    expect(relays.find(({ id }) => id === relayId(2))).toMatchObject({
      look: 'sole',
      figures: '3 chunks, 1 only here',
    });
    expect(relays.find(({ id }) => id === relayId(7))).toMatchObject({ look: 'idle', figures: '' });
    expect(legend.map(({ mark }) => mark)).toEqual(['good', 'sole', 'idle', 'line']);
  });

  it('tells copies along the file: neighbours together, a lost chunk never hidden', () => {
    expect(picture([5, 5, 3, 3, 7]).copies).toEqual([
      { from: 0, to: 2, copies: 5 },
      { from: 2, to: 4, copies: 3 },
      { from: 4, to: 5, copies: 5 },
    ]);
    const many = Array.from({ length: 10_000 }, (_, i) => (i === 4321 ? 0 : 5));
    const { copies } = picture(many);
    expect(copies.length).toBe(3);
    expect(copies.find((run) => run.copies === 0)).toEqual({ from: 4300, to: 4350, copies: 0 });
    expect(copies.at(-1)?.to).toBe(10_000);
    expect(picture([]).copies).toEqual([]);
    expect(picture([]).description).toContain('An empty file');
  });
});
