/** The browser's file picker where it leaves handles behind, so that a resume after a reload need not ask again. */
import { AppError } from '../../../shared/errors.ts';
import { MAX_PICKED_FILES } from '../../../shared/limits.ts';
import { tooMany } from './collect-files.ts';
import type { PickedFile } from '../../state/engine-types.ts';

type ShowOpenFilePicker = (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;

function openFilePicker(): ShowOpenFilePicker | null {
  if (!('showOpenFilePicker' in window) || typeof window.showOpenFilePicker !== 'function') return null;
  return window.showOpenFilePicker.bind(window) as ShowOpenFilePicker;
}

/** Null where there is no such picker: an `<input type="file">` must do. An empty list when the user cancels. Throws `IO`. */
export async function pickWithHandles(options: { multiple: boolean }): Promise<PickedFile[] | null> {
  const show = openFilePicker();
  if (show === null) return null;
  try {
    const handles = await show(options);
    if (handles.length > MAX_PICKED_FILES) throw tooMany(MAX_PICKED_FILES);
    const files = await Promise.all(handles.map((handle) => handle.getFile()));
    return handles.flatMap((handle, index) => {
      const file = files[index];
      return file === undefined ? [] : [{ file, path: file.name, handle }];
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') return [];
    // An automated or embedded browser has the function but refuses it.
    if (cause instanceof DOMException && cause.name === 'SecurityError') return null;
    throw AppError.from(cause, 'IO');
  }
}
