import { chmod, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadOrCreateAuthority } from '../../../../relay/storage/authority-file.ts';
import {
  createPrivateFile,
  readPrivateFile,
  writePrivateFile,
} from '../../../../relay/storage/private-file.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'lanvault-private-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

it('is closed to others when it is written, made or read', async () => {
  const file = path.join(await folder(), 'key');
  expect(await readPrivateFile(file)).toBeNull();
  await createPrivateFile(file, 'first');
  expect(await modeOf(file)).toBe(0o600);
  await writePrivateFile(file, 'second');
  expect([await modeOf(file), await readFile(file, 'utf8')]).toEqual([0o600, 'second']);
  await chmod(file, 0o644);
  expect((await readPrivateFile(file))?.toString()).toBe('second');
  expect(await modeOf(file)).toBe(0o600);
});

it('stays as it is where it is made once more', async () => {
  const file = path.join(await folder(), 'key');
  await createPrivateFile(file, 'first');
  await createPrivateFile(file, 'second');
  expect(await readFile(file, 'utf8')).toBe('first');
});

it('is one authority for all relays that start at once with the same folder, in a folder of their user’s', async () => {
  const shared = path.join(await folder(), 'deep/tls');
  let made = 0;
  const given = await Promise.all(
    Array.from({ length: 20 }, () => loadOrCreateAuthority(shared, () => `authority ${String(++made)}`)),
  );
  expect(made).toBeGreaterThan(1);
  expect(new Set(given).size).toBe(1);
  expect(await readdir(shared)).toEqual(['authority.pem']);
  expect([await modeOf(shared), await modeOf(path.join(shared, 'authority.pem'))]).toEqual([0o700, 0o600]);
});
