import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES } from '../../../../../shared/limits.ts';
import { createFileSource, fingerprintOf } from '../../../../../web/engine/uploads/file-source.ts';

const signal = new AbortController().signal;
const content = Uint8Array.from({ length: BLOCK_BYTES + 5 }, (_, i) => i % 253);
const file = new File([content], 'a.txt', { type: 'text/plain;charset=utf-8', lastModified: 1 });

function unreadable(name: string): File {
  const broken = new File(['x'], 'a.txt');
  broken.slice = () => {
    const slice = new Blob();
    slice.stream = () => new ReadableStream({ pull: () => Promise.reject(new DOMException('no', name)) });
    return slice;
  };
  return broken;
}

describe('createFileSource', () => {
  it('reads block by block', async () => {
    const source = createFileSource({ file, path: 'folder/a.txt' });
    expect(source).toMatchObject({
      name: 'folder/a.txt',
      type: 'text/plain',
      sizeBytes: BLOCK_BYTES + 5,
      fingerprint: `${BLOCK_BYTES + 5}-1`,
    });
    expect(await source.read(0, signal)).toEqual(content.slice(0, BLOCK_BYTES));
    expect(await source.read(1, signal)).toEqual(content.slice(BLOCK_BYTES));
    await source.assertUnchanged();
  });

  it.each([
    ['', 'application/octet-stream'],
    ['IMAGE/PNG', 'image/png'],
    ['x', 'application/octet-stream'],
    [`a/${'b'.repeat(128)}`, 'application/octet-stream'],
  ])('a type of %j becomes %j', (type, expected) => {
    expect(createFileSource({ file: new File([], 'a', { type }), path: 'a' }).type).toBe(expected);
  });

  it.each([
    ['NotReadableError', 'FILE_CHANGED'],
    ['NotFoundError', 'FILE_CHANGED'],
    ['SecurityError', 'IO'],
  ])('a %s is %s', async (name, code) => {
    const source = createFileSource({ file: unreadable(name), path: 'a.txt' });
    await expect(source.read(0, signal)).rejects.toMatchObject({ code });
    await expect(source.assertUnchanged()).rejects.toMatchObject({ code });
  });

  it('notices through the handle that the file on the disk is another', async () => {
    const now = new File([content], 'a.txt', { lastModified: 2 });
    const handle = { getFile: () => Promise.resolve(now) } as FileSystemFileHandle;
    await expect(createFileSource({ file, path: 'a.txt', handle }).assertUnchanged()).rejects.toMatchObject({
      code: 'FILE_CHANGED',
    });
    expect(fingerprintOf(now)).not.toBe(fingerprintOf(file));
  });

  it('does not read when it is aborted', async () => {
    const source = createFileSource({ file, path: 'a.txt' });
    await expect(source.read(0, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
