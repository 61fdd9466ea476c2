import { describe, expect, it, vi } from 'vitest';
import { addressGroup } from '../../../../relay/services/address-group.ts';
import { Gate } from '../../../../relay/services/gate.ts';
import { MIN_BODY_BYTES_PER_SECOND } from '../../../../shared/limits.ts';
import { settled } from '../p2p/virtual-clock.ts';

const forever = (): Promise<never> => new Promise(() => undefined);
const full = { code: 'RATE_LIMITED', message: 'full' };

describe('a gate', () => {
  it('gives one client a quarter of its places; the others find room', async () => {
    const gate = new Gate(64, 'full');
    for (let i = 0; i < 16; i++) void gate.run(forever, { client: '10.0.0.1' });
    await expect(gate.run(forever, { client: '10.0.0.1' })).rejects.toMatchObject(full);
    await expect(gate.run(() => Promise.resolve('in'), { client: '10.0.0.2' })).resolves.toBe('in');
    expect(gate.inside).toBe(16);
  });

  it('gives the nameless every place, and no more', async () => {
    const gate = new Gate(8, 'full');
    for (let i = 0; i < 8; i++) void gate.run(forever);
    await expect(gate.run(forever, { client: '10.0.0.1' })).rejects.toMatchObject(full);
    await expect(gate.run(forever)).rejects.toMatchObject(full);
  });

  it('gives the place of the slowest sender to who comes next, and none of those that are fast enough', async () => {
    const gate = new Gate(3, 'full');
    const paces = [MIN_BODY_BYTES_PER_SECOND, 100, 99].map((bytesPerSecond) => {
      const end = Promise.withResolvers<never>();
      const sender = { bytesPerSecond, giveUp: vi.fn(() => end.reject(new Error('too slow'))) };
      const ended = gate.run(() => end.promise, { sender });
      ended.catch(() => undefined);
      return { sender, ended };
    });
    for (const { sender, ended } of paces.slice(1).reverse()) {
      void gate.run(forever);
      expect(sender.giveUp).toHaveBeenCalledOnce();
      await expect(ended).rejects.toThrow('too slow');
      expect(gate.inside).toBe(3);
    }
    await expect(gate.run(forever)).rejects.toMatchObject(full);
    expect(paces[0]?.sender.giveUp).not.toHaveBeenCalled();
  });

  it('takes from a client that has its share one of its own places, however slow others are', () => {
    const gate = new Gate(8, 'full');
    const guest = (client: string) => ({ client, sender: { bytesPerSecond: 0, giveUp: vi.fn() } });
    const guests = ['a', 'a', 'b'].map(guest);
    for (const each of guests) void gate.run(forever, each);
    void gate.run(forever, { client: 'a' });
    expect(guests.map(({ sender }) => sender.giveUp.mock.calls.length)).toEqual([1, 0, 0]);
    expect(gate.inside).toBe(3);
  });

  it('gives a client at least one place', async () => {
    const gate = new Gate(2, 'full');
    await expect(gate.run(() => Promise.resolve(1), { client: 'a' })).resolves.toBe(1);
  });

  it('frees the place of a client whose task is over or fails', async () => {
    const gate = new Gate(4, 'full');
    for (let i = 0; i < 3; i++) {
      await gate.run(() => Promise.resolve(), { client: 'a' });
      const failed = gate.run(() => Promise.reject(new Error('no')), { client: 'a' });
      await expect(failed).rejects.toThrow('no');
    }
    expect(gate.inside).toBe(0);
  });

  it('keeps the place until what the task gave has been written, however that ended', async () => {
    const gate = new Gate(2, 'full');
    const ends = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    for (const { promise } of ends) {
      expect(await gate.run(() => Promise.resolve('chunk'), { written: promise })).toBe('chunk');
    }
    await expect(gate.run(forever)).rejects.toMatchObject(full);
    ends[0]?.resolve(undefined);
    ends[1]?.reject(new Error('connection lost'));
    await settled();
    expect(gate.inside).toBe(0);
  });
});

describe('addresses of one host', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::7', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s counts as %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});
