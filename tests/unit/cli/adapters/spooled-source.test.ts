import { readFile, readdir, readlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { SpooledSource } from '../../../../cli/adapters/spooled-source.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { TempFolder } from './temp-folder.ts';

const never = new AbortController().signal;

/** The bytes in pieces of odd sizes, as a pipe gives them. */
async function* pieces(bytes: Uint8Array, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes)
    yield await Promise.resolve(bytes.subarray(at, at + sizeBytes));
}

describe('SpooledSource', () => {
  it.each([0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES])(
    'gives %i bytes back, block by block and more than once',
    async (sizeBytes) => {
      const bytes = new Uint8Array(sizeBytes).map((_, i) => (i * 31 + (i >> 13)) % 251);
      await using folder = await TempFolder.create();
      await using source = await SpooledSource.read(
        pieces(bytes, 70_001),
        { name: 'a.txt', folder: folder.path },
        never,
      );
      expect(source).toMatchObject({ name: 'a.txt', type: 'text/plain', sizeBytes });
      for (let round = 0; round < 2; round++) {
        const blocks = [];
        for (let i = 0; i < Math.ceil(sizeBytes / BLOCK_BYTES); i++) blocks.push(await source.read(i, never));
        expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
      }
    },
  );

  it('leaves no file, and no plaintext in the one that has no name', async () => {
    await using temporary = await TempFolder.create();
    const folder = temporary.path;
    const text = 'The boats leave before anybody is awake. '.repeat(1000);
    await using source = await SpooledSource.read(
      pieces(Buffer.from(text), 999),
      { name: 'a', folder },
      never,
    );
    expect(await readdir(folder)).toEqual([]);
    const open = await Promise.all(
      (await readdir('/proc/self/fd')).map(async (fd) => ({
        fd,
        target: await readlink(`/proc/self/fd/${fd}`).catch(() => ''),
      })),
    );
    const ours = open.filter(({ target }) => target.startsWith(`${folder}/.spool-`));
    expect(ours).toHaveLength(1);
    const kept = await readFile(`/proc/self/fd/${ours[0]?.fd ?? ''}`, 'latin1');
    expect(kept).toHaveLength(text.length);
    expect(kept).not.toContain('boats');
    expect(source.sizeBytes).toBe(text.length);
  });

  it('ends with the signal', async () => {
    await using folder = await TempFolder.create();
    const aborted = AbortSignal.abort();
    const reading = SpooledSource.read(
      pieces(new Uint8Array(10), 1),
      { name: 'a', folder: folder.path },
      aborted,
    );
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
