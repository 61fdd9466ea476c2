/** Manifests that mean harm by their size, or by what they point to, against the real command line. */
import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { fernetEncrypt } from '../../shared/crypto/fernet.ts';
import { randomBytes } from '../../shared/crypto/random.ts';
import { chunkIdOf } from '../../shared/format/chunk.ts';
import { ChunkTable, serializeManifest } from '../../shared/format/manifest.ts';
import { CliUser } from '../helpers/cli.ts';
import { chunkPath } from '../helpers/stored-chunks.ts';

/** The user's own upload makes the simulated nodes. */
async function userWithNodes(): Promise<CliUser> {
  const user = await CliUser.create();
  await writeFile(user.path('note'), 'hello');
  expect(await user.run('distribute', 'note')).toMatchObject({ code: 0 });
  return user;
}

test('a manifest of 10⁹ rows is refused by its size, and one that claims them by its first lie', async () => {
  await using user = await userWithNodes();
  const row = `{"index":0,"id":"${'ab'.repeat(32)}","size":1048576,"compression":"none"},`;
  const header =
    `{"format":"lanvault/1","filename":"big","type":"text/plain","size":${String(10 ** 9 * 2 ** 20)},` +
    `"created":"2026-11-23T05:00:00Z","block_size":1048576,"key":"${'A'.repeat(43)}=","merkle_root":"${'00'.repeat(32)}","chunks":[`;
  await writeFile(user.path('claims'), `${header}${row.slice(0, -1)}]}`);
  const claims = await user.run('reconstruct', 'claims', 'copy');
  expect(claims.code, claims.stderr).toBe(5);

  // As large as 10⁹ rows are; the hole in it takes no room on the disk.
  const handle = await open(user.path('huge'), 'w');
  await handle.write(header);
  await handle.truncate(10 ** 9 * row.length);
  await handle.close();
  const huge = await user.run('reconstruct', 'huge', 'copy');
  expect([2, 5], huge.stderr).toContain(huge.code);

  for (const { stderr } of [claims, huge]) expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1);
  expect(await readdir(user.dir)).not.toContain('copy');
});

test('a chunk that unpacks to a gigabyte is corrupt, and is never unpacked', async () => {
  await using user = await userWithNodes();
  const bomb = execFileSync('sh', ['-c', 'head -c 1073741824 /dev/zero | xz -1']);
  expect(bomb.length).toBeLessThan(2 ** 20);
  const key = randomBytes(32);
  const chunk = concatBytes(randomBytes(32), await fernetEncrypt(new Uint8Array(bomb), key, randomBytes(16)));
  const id = await chunkIdOf(chunk);
  for (const node of ['node_0', 'node_1', 'node_2', 'node_3', 'node_4']) {
    const file = chunkPath(user.path(path.join('network_data', node)), id);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, chunk);
  }
  const rows = new ChunkTable();
  rows.append({ index: 0, id, size: 1000, compression: 'xz' });
  const header = { filename: 'bomb', type: 'text/plain', size: 1000, created: '2026-11-23T05:00:00Z', key };
  const manifest = { header: { ...header, merkleRoot: rows.merkleRoot }, rows };
  await writeFile(user.path('bomb.manifest'), serializeManifest(manifest));

  const down = await user.run('reconstruct', 'bomb.manifest', 'copy');
  expect(down.code, down.stderr).toBe(5);
  expect(down.stderr).toMatch(/block 0/i);
  expect(await readdir(user.dir)).not.toContain('copy');
});
