/** Files shared with the installed app (Web Share Target): the service worker keeps them until a page takes them. */
import { AppError } from '../../../shared/errors.ts';
import { MAX_SHARED_FILES } from '../../../shared/limits.ts';
import type { PickedFile } from '../picked-file.ts';

/** As in `public/manifest.webmanifest`. */
export const SHARE_TARGET_PATH = '/share-target';
const FIELD = 'files';

const CACHE = 'lanvault-shared';
const NAME_HEADER = 'x-file-name';
const MODIFIED_HEADER = 'x-last-modified';

/** Keeps what a share request brings. Throws what the platform throws for a full disk. */
export async function keepSharedFiles(request: Request, caches: CacheStorage): Promise<void> {
  const form = await request.formData();
  const files = form.getAll(FIELD).filter((value) => value instanceof File);
  const cache = await caches.open(CACHE);
  for (const file of files.slice(0, MAX_SHARED_FILES)) {
    const headers = {
      [NAME_HEADER]: encodeURIComponent(file.name),
      [MODIFIED_HEADER]: String(file.lastModified),
      'content-type': file.type,
    };
    await cache.put(`${SHARE_TARGET_PATH}/${crypto.randomUUID()}`, new Response(file, { headers }));
  }
}

/** Gives them out, once. Throws `IO`. */
export async function takeSharedFiles(caches: CacheStorage): Promise<readonly PickedFile[]> {
  try {
    if (!(await caches.has(CACHE))) return [];
    const cache = await caches.open(CACHE);
    const taken: PickedFile[] = [];
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      // Another tab may have been faster.
      if (response === undefined || !(await cache.delete(request))) continue;
      const name = decodeURIComponent(response.headers.get(NAME_HEADER) ?? '') || 'shared file';
      const type = response.headers.get('content-type') ?? '';
      const lastModified = Number(response.headers.get(MODIFIED_HEADER) ?? 0);
      taken.push({ file: new File([await response.blob()], name, { type, lastModified }), path: name });
    }
    return taken;
  } catch (cause) {
    throw AppError.from(cause, 'IO');
  }
}
