import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openVault, restoreVault } from '../../../../cli/adapters/vault.ts';
import { TempFolder } from './temp-folder.ts';

const silent = (): void => undefined;

describe('openVault', () => {
  it('makes one vault, for this user only, also when several processes are first', async () => {
    await using folder = await TempFolder.create();
    const data = folder.join('share', 'lanvault');
    const vaults = await Promise.all([1, 2, 3, 4].map(() => openVault(data, silent)));
    for (const vault of vaults) expect(vault).toEqual(vaults[0]);
    expect(vaults[0]?.secret).toHaveLength(32);
    expect(vaults[0]?.deviceId).toHaveLength(16);
    expect(await openVault(data, silent)).toEqual(vaults[0]);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    expect((await stat(`${data}/vault.json`)).mode & 0o777).toBe(0o600);
    expect(await readdir(data)).toEqual(['vault.json']);
  });

  it('is random', async () => {
    await using one = await TempFolder.create();
    await using two = await TempFolder.create();
    const [a, b] = [await openVault(one.path, silent), await openVault(two.path, silent)];
    expect(a.secret).not.toEqual(b.secret);
    expect(a.deviceId).not.toEqual(b.deviceId);
  });

  it('warns when others may read it', async () => {
    await using folder = await TempFolder.create();
    await openVault(folder.path, silent);
    await chmod(folder.join('vault.json'), 0o644);
    const warnings: string[] = [];
    await openVault(folder.path, (text) => warnings.push(text));
    expect(warnings).toEqual([expect.stringContaining('chmod 600')]);
  });

  it.each([
    '',
    '{}',
    '{"format":"lanvault-vault/2"}',
    '{"format":"lanvault-vault/1","secret":"AAAA","device_id":"00"}',
  ])('refuses a damaged vault and leaves it as it is: %s', async (text) => {
    await using folder = await TempFolder.create();
    await writeFile(folder.join('vault.json'), text, { mode: 0o600 });
    await expect(openVault(folder.path, silent)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await readFile(folder.join('vault.json'), 'utf8')).toBe(text);
  });
});

describe('restoreVault', () => {
  const secret = new Uint8Array(32).fill(5);

  it('makes this device another one of the vault', async () => {
    await using folder = await TempFolder.create();
    const vault = await restoreVault(folder.path, secret, silent);
    expect(vault.secret).toEqual(secret);
    expect(await openVault(folder.path, silent)).toEqual(vault);
    // Twice is as once.
    expect(await restoreVault(folder.path, secret, silent)).toEqual(vault);
    await using second = await TempFolder.create();
    expect((await restoreVault(second.path, secret, silent)).deviceId).not.toEqual(vault.deviceId);
  });

  it('leaves another vault as it is', async () => {
    await using folder = await TempFolder.create();
    const own = await openVault(folder.path, silent);
    await expect(restoreVault(folder.path, secret, silent)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await openVault(folder.path, silent)).toEqual(own);
  });
});
