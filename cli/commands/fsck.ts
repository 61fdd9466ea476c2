import { RELAY_FSCK, resolveUserPath } from '../paths.ts';
import { runRelay, toFlags } from '../relay-process.ts';

export interface FsckOptions {
  readonly storageDir?: string;
  readonly config?: string;
  readonly repair?: true;
  readonly json?: true;
}

/** Resolves with its exit status, where this process did not become the check. */
export function fsck(options: FsckOptions): Promise<number> {
  const resolved = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolveUserPath(path);
  const flags = { ...options, storageDir: resolved(options.storageDir), config: resolved(options.config) };
  return runRelay(toFlags(flags), RELAY_FSCK);
}
