/** What is done with several files and folders of the list at once. Failures are shown, and stop nothing. */
import { folderOf } from '../../shared/format/file-path.ts';
import type { Entry } from './entries.ts';
import type { Session } from './session.svelte.ts';

type Parts = Pick<Session, 'files' | 'folders' | 'deletions'>;

/** `''` is the top. What is in that folder already stays as it is. */
export async function moveEntries(
  { files, folders }: Pick<Parts, 'files' | 'folders'>,
  entries: readonly Entry[],
  folder: string,
): Promise<void> {
  const paths = entries.map(({ path }) => path).filter((path) => folderOf(path) !== folder);
  if (paths.length > 0 && (await folders.move(paths, folder))) files.selection.none();
}

/** Files are deleted for everybody, those in the folders too; a folder is gone when they are. */
export async function deleteEntries(
  { files, folders, deletions }: Parts,
  entries: readonly Entry[],
): Promise<void> {
  files.selection.none();
  await deletions.delete(files.within(entries));
  for (const { kind, path } of entries) if (kind === 'folder') await folders.remove(path);
}
