import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { contentOf } from '../../../../web/state/entries.ts';
import { deleteEntries, moveEntries } from '../../../../web/state/entry-actions.ts';
import { FileDeletions } from '../../../../web/state/deletion.svelte.ts';
import { Files } from '../../../../web/state/files.svelte.ts';
import { Folders } from '../../../../web/state/folders.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeEngine, storedFile } from './fake-engine.ts';

const notices = new Notices();
afterEach(() => notices[Symbol.dispose]());

const top = storedFile({ path: 'top.txt' });
const inside = storedFile({ path: 'a/inside.txt' });
const deep = storedFile({ path: 'a/b/deep.txt', owned: false });
const other = storedFile({ path: 'ab/other.txt' });

function start() {
  const engine = new FakeEngine();
  engine.files.set([top, inside, deep, other]);
  const folders = new Folders(engine, notices);
  const files = new Files(engine, notices, { routes: { view: 'files', detail: '' }, folders });
  const deletions = new FileDeletions(engine, notices);
  const { folders: rows, files: fileRows } = contentOf('', engine.files.value, []);
  return { engine, parts: { files, folders, deletions }, rows: [...rows, ...fileRows] };
}

describe('moveEntries', () => {
  it('moves what is not there already, and takes the selection away', async () => {
    const { engine, parts, rows } = start();
    parts.files.selection.all();
    await moveEntries(parts, rows, 'new');
    expect(engine.calls).toEqual(['move a, ab, top.txt to new']);
    expect(parts.files.selected).toEqual([]);
    await moveEntries(parts, rows, '');
    expect(engine.calls).toHaveLength(1);
  });

  it('keeps the selection and says why where it cannot', async () => {
    const { engine, parts, rows } = start();
    parts.files.selection.all();
    engine.failure = new AppError('BAD_INPUT', 'A folder cannot be in itself.');
    await moveEntries(parts, rows, 'a/b');
    expect(parts.files.selected).toHaveLength(3);
    expect(notices.list).toMatchObject([{ text: 'A folder cannot be in itself.' }]);
  });
});

describe('deleteEntries', () => {
  it('deletes the files of folders with those beside them, each once, and then the folders', async () => {
    const { engine, parts, rows } = start();
    await deleteEntries(
      parts,
      rows.filter(({ name }) => name !== 'ab'),
    );
    expect(engine.calls).toEqual([
      `delete ${top.manifestId}`,
      `delete ${inside.manifestId}`,
      `forget ${deep.manifestId}`,
      'remove folder a',
    ]);
  });
});
