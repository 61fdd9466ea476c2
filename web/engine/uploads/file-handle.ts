/** Stored file handles (File System Access), which Chromium gives in secure contexts; permissions come and go. */
import { AppError } from '../../../shared/errors.ts';

/** https://wicg.github.io/file-system-access/#api-filesystemhandle; TypeScript's DOM library lacks these two. */
interface PermissionMethods {
  queryPermission?(options: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
}

/** Whether the file can be read now, without asking the user. */
export async function mayRead(handle: FileSystemFileHandle & PermissionMethods): Promise<boolean> {
  return (
    handle.queryPermission === undefined || (await handle.queryPermission({ mode: 'read' })) === 'granted'
  );
}

/**
 * The file behind a handle, after asking the user if need be: to be called in a user gesture.
 * Throws `FORBIDDEN` when the user refuses, `FILE_CHANGED` when the file is gone.
 */
export async function openHandle(handle: FileSystemFileHandle & PermissionMethods): Promise<File> {
  if (!(await mayRead(handle)) && (await handle.requestPermission?.({ mode: 'read' })) !== 'granted') {
    throw new AppError(
      'FORBIDDEN',
      'The browser may not read the file any more: allow it, or pick the file again.',
    );
  }
  try {
    return await handle.getFile();
  } catch (cause) {
    throw new AppError('FILE_CHANGED', 'The file was moved or deleted: pick it again.', { cause });
  }
}
