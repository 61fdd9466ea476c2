/** What other programs hand over: shared files are uploaded, manifests that the app is opened with are imported. */
import type { CompressionMode, IncomingFiles, PickedFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export interface IncomingOptions {
  readonly incoming: IncomingFiles;
  readonly notices: Notices;
  readonly mode: () => CompressionMode;
  readonly upload: (files: readonly PickedFile[], mode: CompressionMode) => Promise<void>;
  readonly importManifests: (files: readonly File[]) => Promise<void>;
}

/** Resolves when what was there at the start is taken; manifests may still come later. Never rejects. */
export async function takeIncoming({
  incoming,
  notices,
  mode,
  upload,
  importManifests,
}: IncomingOptions): Promise<void> {
  incoming.watchOpened((files) => void importManifests(files));
  try {
    const shared = await incoming.takeShared();
    if (shared.length === 0) return;
    await upload(shared, mode());
    const [first] = shared;
    notices.info(
      shared.length === 1 && first !== undefined
        ? `${first.path} is being uploaded`
        : `${shared.length} shared files are being uploaded`,
    );
  } catch (cause) {
    notices.error('What was shared with Lanvault could not be taken', cause);
  }
}
