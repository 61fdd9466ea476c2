import { describe, expect, it } from 'vitest';
import type { NetworkInterfaceInfo } from 'node:os';
import { hostFrom, isLoopback, normalizeHost } from '../../../../relay/p2p/addresses.ts';
import { broadcastTargets } from '../../../../relay/p2p/broadcast-targets.ts';
import { DatagramGate } from '../../../../relay/p2p/datagram-gate.ts';
import { parseJoinUrl } from '../../../../relay/p2p/join.ts';
import { machineHash } from '../../../../relay/p2p/machine.ts';
import { MAX_DATAGRAMS_PER_SECOND } from '../../../../shared/limits.ts';

function ipv4(address: string, netmask: string, internal = false): NetworkInterfaceInfo {
  return { family: 'IPv4', address, netmask, internal, mac: '00:00:00:00:00:00', cidr: null };
}

describe('broadcast targets', () => {
  const interfaces = {
    lo: [ipv4('127.0.0.1', '255.0.0.0', true)],
    eth0: [ipv4('192.168.1.5', '255.255.255.0'), { ...ipv4('::1', ''), family: 'IPv6' as const, scopeid: 0 }],
    wlan0: [ipv4('10.1.130.7', '255.255.128.0')],
    tun0: [ipv4('10.8.0.1', '255.255.255.255')],
    gone: undefined,
  };

  it('are each subnet’s broadcast address when the relay listens everywhere', () => {
    const expected = ['127.255.255.255', '192.168.1.255', '10.1.255.255'];
    expect(broadcastTargets(interfaces, '0.0.0.0')).toEqual(expected);
    expect(broadcastTargets(interfaces, '::')).toEqual(expected);
  });

  it.each(['127.0.0.1', 'localhost', '::1', '127.0.0.9'])('stay on loopback for --host %s', (host) => {
    expect(broadcastTargets(interfaces, host)).toEqual(['127.255.255.255']);
  });

  it('are the one interface’s when the relay listens there only', () => {
    expect(broadcastTargets(interfaces, '10.1.130.7')).toEqual(['10.1.255.255']);
  });
});

describe('hosts', () => {
  it('are written one way', () => {
    expect(normalizeHost('::ffff:192.168.1.5')).toBe('192.168.1.5');
    expect(normalizeHost('[fe80::1]')).toBe('fe80::1');
    expect(normalizeHost('relay.local')).toBe('relay.local');
  });

  it('another machine’s loopback is that machine', () => {
    expect(hostFrom('127.0.0.1', '192.168.1.5')).toBe('192.168.1.5');
    expect(hostFrom('0.0.0.0', '192.168.1.5')).toBe('192.168.1.5');
    expect(hostFrom('192.168.1.9', '192.168.1.5')).toBe('192.168.1.9');
    expect(hostFrom('127.0.0.2', '127.0.0.1')).toBe('127.0.0.2');
  });

  it('are loopback only if they are', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '128.0.0.1', '127.evil.example', '::'].some(isLoopback)).toBe(false);
  });
});

describe('flood gate', () => {
  it('lets half through from one address, all in all no more than the limit, and opens again', () => {
    const gate = new DatagramGate();
    const count = (address: string, now: number): number =>
      Array.from({ length: 5 * MAX_DATAGRAMS_PER_SECOND }).filter(() => gate.admits(address, now)).length;
    expect(count('10.0.0.1', 0)).toBe(MAX_DATAGRAMS_PER_SECOND / 2);
    expect(gate.admits('10.0.0.2', 500)).toBe(true);
    expect(count('10.0.0.2', 500)).toBe(MAX_DATAGRAMS_PER_SECOND / 2 - 1);
    expect(count('10.0.0.3', 999)).toBe(0);
    expect(count('10.0.0.1', 1000)).toBe(MAX_DATAGRAMS_PER_SECOND / 2);
  });
});

describe('machine hash', () => {
  it('is short, stable, and falls back from file to file to the host name', async () => {
    const none = '/nonexistent/lanvault';
    const byProcess = await machineHash();
    expect(byProcess).toMatch(/^[0-9a-f]{16}$/);
    expect(await machineHash()).toBe(byProcess);
    const version = await machineHash([import.meta.filename]);
    expect(await machineHash([none, import.meta.filename])).toBe(version);
    expect(await machineHash([none])).not.toBe(version);
  });
});

describe('join URLs', () => {
  it('are HTTP', () => {
    expect(parseJoinUrl('http://192.168.1.5:8000').port).toBe('8000');
    for (const bad of ['192.168.1.5:8000', 'ftp://x', '', 'http://']) {
      expect(() => parseJoinUrl(bad), bad).toThrow('Not the URL of a relay');
    }
  });
});
