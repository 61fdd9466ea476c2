import { afterEach, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { Folders } from '../../../../web/state/folders.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeEngine } from './fake-engine.ts';

const notices = new Notices();
afterEach(() => notices[Symbol.dispose]());

it('folders follow the vault, hand on what is done with them, and say what cannot be done', async () => {
  const engine = new FakeEngine();
  const folders = new Folders(engine, notices);
  engine.folders.set(['a', 'a/b']);
  expect(folders.paths).toEqual(['a', 'a/b']);
  await folders.create('c');
  await folders.rename('c', 'd');
  expect(await folders.move(['a', 'x.txt'], 'd')).toBe(true);
  engine.failure = new AppError('NOT_FOUND', 'It is gone.');
  expect(await folders.remove('d')).toBe(false);
  await expect(folders.create('e')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(engine.calls).toEqual([
    'create folder c',
    'rename c to d',
    'move a, x.txt to d',
    'remove folder d',
    'create folder e',
  ]);
  // A dialog shows what cannot be created or renamed.
  expect(notices.list).toMatchObject([{ title: 'The folder could not be removed', text: 'It is gone.' }]);
  folders[Symbol.dispose]();
  expect(engine.watcherCount).toBe(0);
});
