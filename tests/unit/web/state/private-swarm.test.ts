import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_SWARM_KEY_FILE_BYTES } from '../../../../shared/limits.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { PrivateSwarm } from '../../../../web/state/private-swarm.svelte.ts';
import { FakeEngine } from './fake-engine.ts';

let engine: FakeEngine;
let notices: Notices;
let privateSwarm: PrivateSwarm;

beforeEach(() => {
  engine = new FakeEngine();
  notices = new Notices();
  privateSwarm = new PrivateSwarm(engine, notices);
  engine.access.set({ lock: 'needs-key', hasKey: false });
});
afterEach(() => {
  privateSwarm[Symbol.dispose]();
  notices[Symbol.dispose]();
  expect(engine.watcherCount).toBe(0);
});

describe('PrivateSwarm', () => {
  it.each([
    ['BAD_INPUT', 'not a swarm key', 'whole line'],
    ['FORBIDDEN', 'does not open this swarm', 'Ask the person'],
    ['UNAVAILABLE', 'gone', 'Check that the relay is running'],
    ['IO', 'gone', ''],
  ] as const)('explains %s', async (code, message, hint) => {
    engine.failure = new AppError(code, 'gone');
    await privateSwarm.unlock('key');
    expect(privateSwarm.error?.message).toContain(message);
    expect(privateSwarm.error?.hint).toContain(hint);
    expect(privateSwarm.checking).toBe(false);
    expect(notices.list).toEqual([]);
  });

  it('takes a key by hand or from a file, and one at a time', async () => {
    const first = privateSwarm.unlock('typed');
    expect(privateSwarm.checking).toBe(true);
    await privateSwarm.unlock('impatient');
    await first;
    await privateSwarm.unlockWith(new File(['from a file'], 'swarm.key'));
    expect(engine.calls).toEqual(['unlock with typed', 'unlock with from a file']);
    expect(notices.list[0]?.title).toBe('The swarm is open');
  });

  it('reads no file that cannot be a key', async () => {
    const large = new File([new Uint8Array(MAX_SWARM_KEY_FILE_BYTES + 1)], 'holiday.mov');
    await privateSwarm.unlockWith(large);
    expect(privateSwarm.error?.message).toContain('not a swarm key');
    expect(engine.calls).toEqual([]);
  });

  it('forgets the last error when the swarm opens', async () => {
    engine.failure = new AppError('FORBIDDEN', 'no');
    await privateSwarm.unlock('wrong');
    engine.access.set({ lock: null, hasKey: true });
    expect([privateSwarm.lock, privateSwarm.hasKey, privateSwarm.error]).toEqual([null, true, null]);
  });

  it('says when the key could not be forgotten', async () => {
    engine.failure = new AppError('IO', 'This browser could not write.');
    await privateSwarm.forgetKey();
    expect(notices.list[0]).toMatchObject({ tone: 'error', title: 'The key could not be forgotten' });
  });
});
