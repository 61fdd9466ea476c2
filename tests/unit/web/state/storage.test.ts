import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_CHUNKS_CHECKED_UNASKED } from '../../../../shared/limits.ts';
import { RelayOperation } from '../../../../web/state/relay-operator.svelte.ts';
import { Storage } from '../../../../web/state/storage.svelte.ts';
import { FakeStorage } from './fake-storage.ts';

let port: FakeStorage;
let storage: Storage;
beforeEach(() => {
  port = new FakeStorage();
  storage = new Storage(port);
});

describe('Storage', () => {
  it('looks by itself once, where that is cheap', () => {
    storage.swarmSeen(MAX_CHUNKS_CHECKED_UNASKED + 1);
    expect(port.calls).toEqual([]);
    storage.swarmSeen(MAX_CHUNKS_CHECKED_UNASKED);
    storage.swarmSeen(0);
    expect(port.calls).toEqual(['check']);
  });

  it('does not look by itself while something runs, or after it was asked to', () => {
    port.state.set({ ...port.state.value, work: 'cleaning' });
    storage.swarmSeen(0);
    expect(port.calls).toEqual([]);
    port.state.set({ ...port.state.value, work: 'idle' });
    storage.check();
    storage.swarmSeen(0);
    expect(port.calls).toEqual(['check']);
  });

  it('follows the engine until it is disposed of', () => {
    port.state.set({ ...port.state.value, done: 7 });
    expect(storage.current.done).toBe(7);
    storage[Symbol.dispose]();
    expect(port.state.watchers.size).toBe(0);
  });

  it('orders figures from the largest, names from the first, and turns round', () => {
    expect(storage.order).toEqual({ column: 'relay', descending: false });
    storage.orderBy('used');
    expect(storage.order).toEqual({ column: 'used', descending: true });
    storage.orderBy('used');
    expect(storage.order).toEqual({ column: 'used', descending: false });
    storage.orderBy('relay');
    expect(storage.order).toEqual({ column: 'relay', descending: false });
  });
});

describe('RelayOperation', () => {
  it('tells why a token was not taken, until one is', async () => {
    const operation = new RelayOperation(port.operator);
    await operation.unlock('wrong');
    expect(operation.refusal?.code).toBe('FORBIDDEN');
    expect(operation.current.unlocked).toBe(false);
    await operation.unlock('right');
    expect(operation.refusal).toBeNull();
    expect(operation.current.unlocked).toBe(true);
    operation.lock();
    expect(operation.current.unlocked).toBe(false);
    operation[Symbol.dispose]();
    expect(port.operating.watchers.size).toBe(0);
  });
});
