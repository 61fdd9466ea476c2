/** The file that a command line names: by its manifest, by a link, or by its place in the vault's list. */
import type { SwarmPort } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import { parseLink } from '../../shared/format/capability.ts';
import type { PackedManifest } from '../../shared/format/manifest.ts';
import { buildTree, listFiles, nodeAt } from '../../shared/vault/index-tree.ts';
import type { FileNode, FolderNode } from '../../shared/vault/index-tree.ts';
import { readManifestFile } from '../adapters/manifest-file.ts';
import { readVaultIndex } from '../adapters/vault-index-store.ts';
import { resolveUserPath, userDataFolder } from '../paths.ts';
import { isLink, openLink } from './open-link.ts';

export type NamedFile =
  | { readonly kind: 'manifest'; readonly manifest: PackedManifest }
  | { readonly kind: 'link'; readonly link: string }
  /** A file of the vault's list; its manifest is behind its link. */
  | { readonly kind: 'listed'; readonly path: string; readonly node: FileNode };

/** A part of a manifest's id that is long enough to mean one; `list` shows 12 characters. */
const ID_PREFIX = /^[0-9a-f]{8,64}$/;

/**
 * `-` is a manifest on stdin. A manifest on this machine comes before what the vault's list has under that name. Throws `BAD_INPUT`
 * for what is neither manifest nor link, or could be several files, `IO`, `CORRUPT` and the like.
 */
export async function findNamedFile(given: string): Promise<NamedFile> {
  if (isLink(given)) {
    // Found out here, so that a mistyped one needs no relays to be told so.
    parseLink(given);
    return { kind: 'link', link: given };
  }
  const path = given === '-' ? '-' : resolveUserPath(given);
  try {
    return { kind: 'manifest', manifest: await readManifestFile(path) };
  } catch (cause) {
    // Not a manifest: the file itself, perhaps, which still lies where it was uploaded from.
    const listed = given === '-' ? null : await findListed(given);
    if (listed !== null) return { kind: 'listed', ...listed };
    const error = AppError.from(cause);
    if (error.code === 'IO' || error.code === 'BAD_INPUT') throw error;
    throw new AppError(error.code, `${given} cannot be used: ${error.message}`, { cause });
  }
}

/** Throws as `openLink` for what is behind a link, and `BAD_INPUT` where that is on relays and the command does not ask them. */
export async function manifestOf(
  named: NamedFile,
  { swarm, local }: { readonly swarm: SwarmPort; readonly local: object | null },
  signal: AbortSignal,
): Promise<PackedManifest> {
  if (named.kind === 'manifest') return named.manifest;
  if (named.kind === 'link') return openLink(named.link, swarm, signal);
  if (local !== null)
    throw new AppError('BAD_INPUT', 'The files of your vault lie on relays: add --scan or --entry-node URL.');
  return openLink(named.node.file.link, swarm, signal);
}

/** The vault's file of this path or manifest id (8 characters of it are enough); null for none. Throws `BAD_INPUT`, `CORRUPT`, `IO`. */
async function findListed(given: string): Promise<{ path: string; node: FileNode } | null> {
  const state = await readVaultIndex(userDataFolder());
  if (state === null) return null;
  return listedIn(buildTree(new Map(state.entries.map((entry) => [entry.id, entry]))), given);
}

function listedIn(root: FolderNode, given: string): { path: string; node: FileNode } | null {
  const path = vaultPath(given);
  const node = nodeAt(root, path);
  if (node?.kind === 'file') return { path, node };
  if (!ID_PREFIX.test(given)) return null;
  const matching = listFiles(root).filter((file) => file.node.file.manifest.startsWith(given));
  const [first] = matching;
  if (new Set(matching.map((file) => file.node.file.manifest)).size > 1)
    throw new AppError('BAD_INPUT', `Several files of your vault have an id that begins with ${given}.`);
  return first ?? null;
}

/** A path in the vault's list without what makes no difference: `/a//b/` → `a/b`; empty for the top. */
export function vaultPath(given: string): string {
  return given
    .split('/')
    .filter((part) => part !== '')
    .join('/');
}
