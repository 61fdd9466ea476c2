import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { Vault } from '../../../../web/state/vault.svelte.ts';
import { FakeEngine } from './fake-engine.ts';

describe('Vault', () => {
  it('follows the status until it is disposed of', () => {
    const engine = new FakeEngine();
    const vault = new Vault(engine);
    expect(vault.status).toMatchObject({ devices: 1, unpublished: false });
    engine.vaultStatus.set({ ...engine.vaultStatus.value, devices: 2, unread: 1 });
    expect(vault.status).toMatchObject({ devices: 2, unread: 1 });
    vault[Symbol.dispose]();
    expect(engine.watcherCount).toBe(0);
  });

  it('restores, and says what came back or what is wrong', async () => {
    const engine = new FakeEngine();
    using vault = new Vault(engine);
    const restoring = vault.restore('some words');
    expect(vault.restoring).toEqual({ phase: 'running' });
    expect(await restoring).toBe(true);
    expect(vault.restoring).toEqual({ phase: 'done', result: engine.restored });
    engine.failure = new AppError('BAD_INPUT', 'These words do not belong together.');
    expect(await vault.restore('other words')).toBe(false);
    expect(vault.restoring).toMatchObject({ phase: 'failed', error: { code: 'BAD_INPUT' } });
    expect(engine.calls).toEqual(['restore some words', 'restore other words']);
  });

  it('is idle again when a restore is cancelled', async () => {
    const engine = new FakeEngine();
    engine.failure = new AppError('ABORTED', 'Cancelled.');
    using vault = new Vault(engine);
    const restoring = vault.restore('words');
    vault.cancel();
    expect(await restoring).toBe(false);
    expect(vault.restoring).toEqual({ phase: 'idle' });
  });

  it('a comparison that fails is told by the status, not thrown', async () => {
    const engine = new FakeEngine();
    using vault = new Vault(engine);
    engine.failure = new AppError('UNAVAILABLE', 'No relay answers.');
    await vault.compare();
    expect(engine.calls).toEqual(['compare']);
  });
});
