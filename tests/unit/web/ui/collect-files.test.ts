import { describe, expect, it } from 'vitest';
import { collectDropped, collectPicked } from '../../../../web/ui/files/collect-files.ts';
import type { DropItem } from '../../../../web/ui/files/collect-files.ts';

/** A tree: a string is a file's text, an object a folder. */
type Tree = { readonly [name: string]: string | Tree };

/** Folder pages as Chromium gives them: never all at once. */
const PAGE = 2;

function entry(name: string, node: string | Tree): FileSystemEntry {
  if (typeof node === 'string') {
    const file = (done: (file: File) => void): void => done(new File([node], name));
    return { name, isFile: true, isDirectory: false, file } as unknown as FileSystemFileEntry;
  }
  const createReader = (): Pick<FileSystemDirectoryReader, 'readEntries'> => {
    const left = Object.entries(node).map(([child, inner]) => entry(child, inner));
    return { readEntries: (done) => done(left.splice(0, PAGE)) };
  };
  return { name, isFile: false, isDirectory: true, createReader } as unknown as FileSystemDirectoryEntry;
}

function handle(name: string, node: string | Tree): FileSystemHandle {
  if (typeof node === 'string') {
    const getFile = (): Promise<File> => Promise.resolve(new File([node], name));
    return { kind: 'file', name, getFile } as unknown as FileSystemFileHandle;
  }
  async function* values(): AsyncGenerator<FileSystemHandle> {
    for (const [child, inner] of Object.entries(node)) yield await Promise.resolve(handle(child, inner));
  }
  return { kind: 'directory', name, values } as unknown as FileSystemDirectoryHandle;
}

function entryItem(name: string, node: string | Tree): DropItem {
  return { kind: 'file', getAsFile: () => null, webkitGetAsEntry: () => entry(name, node) };
}

function handleItem(name: string, node: string | Tree): DropItem {
  return { ...entryItem(name, node), getAsFileSystemHandle: () => Promise.resolve(handle(name, node)) };
}

const TREE: Tree = { 'z.txt': 'z', b: { 'x.txt': 'x', deep: { 'y.txt': 'y' } }, 'a.txt': 'a', empty: {} };
const PATHS = ['top/a.txt', 'top/b/deep/y.txt', 'top/b/x.txt', 'top/z.txt'];
const LIMITS = { maxFiles: 100, maxDepth: 10 };

describe.each([
  ['entries', entryItem],
  ['handles', handleItem],
])('collectDropped with %s', (_kind, item) => {
  it('walks folders in order and keeps paths', async () => {
    const files = await collectDropped([item('top', TREE), item('single.bin', 's')], LIMITS);
    expect(files.map(({ path }) => path)).toEqual([...PATHS, 'single.bin']);
    expect(await files[1]?.file.text()).toBe('y');
  });

  it('refuses more files than the limit', async () => {
    const collecting = collectDropped([item('top', TREE)], { ...LIMITS, maxFiles: 3 });
    await expect(collecting).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(collectDropped([item('top', TREE)], { ...LIMITS, maxFiles: 4 })).resolves.toHaveLength(4);
  });

  it('refuses folders nested deeper than the limit', async () => {
    const collecting = collectDropped([item('top', TREE)], { ...LIMITS, maxDepth: 2 });
    await expect(collecting).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(collectDropped([item('top', TREE)], { ...LIMITS, maxDepth: 3 })).resolves.toHaveLength(4);
  });
});

describe('collectDropped', () => {
  it('keeps handles for a later resume', async () => {
    const [file] = await collectDropped([handleItem('a.txt', 'a')], LIMITS);
    expect(file?.handle?.name).toBe('a.txt');
  });

  it('falls back to the entry, then to the file, where there is no handle', async () => {
    const refused = {
      ...entryItem('a.txt', 'a'),
      getAsFileSystemHandle: () => Promise.reject(new Error('no')),
    };
    const bare: DropItem = {
      kind: 'file',
      getAsFile: () => new File(['b'], 'b.txt'),
      webkitGetAsEntry: () => null,
    };
    const scripted = { ...entryItem('c.txt', 'c'), getAsFileSystemHandle: () => Promise.resolve(undefined) };
    const files = await collectDropped([refused, bare, scripted], LIMITS);
    expect(files.map(({ path }) => path)).toEqual(['a.txt', 'b.txt', 'c.txt']);
  });

  it('opens every item before it waits: afterwards they are gone', async () => {
    let expired = false;
    const items = ['a', 'b', 'c'].map((name): DropItem => {
      const original = handleItem(name, name);
      return {
        ...original,
        getAsFileSystemHandle: () => {
          if (expired) throw new Error('The drop is over.');
          return original.getAsFileSystemHandle?.() ?? Promise.resolve(null);
        },
      };
    });
    const collecting = collectDropped(items, LIMITS);
    expired = true;
    expect(await collecting).toHaveLength(3);
  });

  it('ignores dragged text', async () => {
    expect(await collectDropped([{ ...entryItem('a', 'a'), kind: 'string' }], LIMITS)).toEqual([]);
  });

  it('says which file cannot be read', async () => {
    const broken = { kind: 'file', name: 'b.txt', getFile: () => Promise.reject(new Error('gone')) };
    const item = {
      ...entryItem('b.txt', ''),
      getAsFileSystemHandle: () => Promise.resolve(broken as unknown as FileSystemHandle),
    };
    await expect(collectDropped([item], LIMITS)).rejects.toMatchObject({
      code: 'IO',
      message: 'b.txt could not be read.',
    });
  });
});

describe('collectPicked', () => {
  const picked = (name: string, webkitRelativePath = ''): File =>
    Object.assign(new File(['x'], name), { webkitRelativePath });

  it('takes the paths of a folder picker', () => {
    const files = collectPicked([picked('a.txt'), picked('b.txt', 'folder/b.txt')], LIMITS);
    expect(files.map(({ path }) => path)).toEqual(['a.txt', 'folder/b.txt']);
  });

  it('is bounded', () => {
    expect(() => collectPicked([picked('a'), picked('b')], { ...LIMITS, maxFiles: 1 })).toThrow(
      /more than 1 files/,
    );
  });
});
