/**
 * The vault's files and folders, as one device knows them. Every change is a new version of one entry, stamped by this
 * device; merging what other devices have is safe in any order and any number of times.
 */
import { toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';
import { AppError } from '../errors.ts';
import type { ManifestId } from '../ids.ts';
import { MAX_INDEX_ENTRIES, MAX_INDEX_TIME } from '../limits.ts';
import { canonicalJson } from './canonical-json.ts';
import { assertEntryName, mergeEntries } from './index-entry.ts';
import type { EntryId, FileContent, IndexEntry, Stamp } from './index-entry.ts';
import { buildTree, folderAt } from './index-tree.ts';
import type { FolderNode } from './index-tree.ts';

export type NewFile = Pick<FileContent, 'manifest' | 'link' | 'size' | 'type' | 'created' | 'foreign'>;

export class VaultIndex {
  readonly #device: string;
  readonly #entries = new Map<EntryId, IndexEntry>();
  readonly #changed = new Map<EntryId, IndexEntry>();
  #time = 0;

  /** `deviceId`: 16 bytes, of the device that makes the changes. */
  constructor(deviceId: Bytes) {
    this.#device = toHex(deviceId);
  }

  /** In no order. */
  entries(): IterableIterator<IndexEntry> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: EntryId): IndexEntry | undefined {
    return this.#entries.get(id);
  }

  /** Entries that have changed since this was last called. */
  takeChanged(): IndexEntry[] {
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    return changed;
  }

  /** What a person sees. */
  tree(): FolderNode {
    return buildTree(this.#entries);
  }

  /** Takes over what another copy knows. Whether that was news. Throws `TOO_LARGE` beyond `MAX_INDEX_ENTRIES`. */
  merge(entry: IndexEntry): boolean {
    const known = this.#entries.get(entry.id);
    if (known === undefined && this.#entries.size >= MAX_INDEX_ENTRIES)
      throw new AppError('TOO_LARGE', `A vault has at most ${MAX_INDEX_ENTRIES} files and folders.`);
    const merged = known === undefined ? entry : mergeEntries(known, entry);
    if (known !== undefined && canonicalJson(known) === canonicalJson(merged)) return false;
    this.#set(merged);
    for (const stamp of [merged.place.at, merged.file?.at, merged.deleted])
      if (stamp !== undefined) this.#time = Math.max(this.#time, stamp[0]);
    return true;
  }

  /** `parent` null: the top. Throws `BAD_INPUT` for a name that cannot be, `NOT_FOUND` for a parent that is no folder. */
  addFolder(parent: EntryId | null, name: string): EntryId {
    return this.#add(parent, name, { kind: 'folder' });
  }

  /** Throws as `addFolder`. */
  addFile(parent: EntryId | null, name: string, file: NewFile): EntryId {
    return this.#add(parent, name, {
      kind: 'file',
      file: { at: this.#next(), device: this.#device, ...file },
    });
  }

  /** The folder at a path, `/` between its parts, made as far as it is missing; null for the top. Throws `BAD_INPUT`. */
  makeFolders(path: string): EntryId | null {
    const parts = path.split('/').filter((part) => part !== '');
    const { found, missing } = folderAt(this.tree(), parts);
    let parent = found;
    for (const name of missing) parent = this.addFolder(parent, name);
    return parent;
  }

  /** Renames, moves or both. Throws as `addFolder`, and `BAD_INPUT` for a folder that would be inside itself. */
  move(id: EntryId, parent: EntryId | null, name: string): void {
    const entry = this.#required(id);
    assertEntryName(name);
    this.#assertFolder(parent);
    if (this.#isInside(parent, id)) throw new AppError('BAD_INPUT', 'A folder cannot be moved into itself.');
    this.#set({ ...entry, place: { ...entry.place, at: this.#next(), parent, name } });
  }

  /** A folder that still has something in it, known here or put there by another device, stays for that long. */
  remove(id: EntryId): void {
    const entry = this.#required(id);
    if (entry.deleted === undefined) this.#set({ ...entry, deleted: this.#next() });
  }

  /** Files, not deleted, of this manifest. */
  filesOf(manifestId: ManifestId): IndexEntry[] {
    return [...this.#entries.values()].filter(
      ({ file, deleted }) => file?.manifest === manifestId && deleted === undefined,
    );
  }

  #set(entry: IndexEntry): void {
    this.#entries.set(entry.id, entry);
    this.#changed.set(entry.id, entry);
  }

  #add(parent: EntryId | null, name: string, rest: Pick<IndexEntry, 'kind' | 'file'>): EntryId {
    assertEntryName(name);
    this.#assertFolder(parent);
    const id = toHex(randomBytes(16));
    this.merge({ id, place: { at: this.#next(), parent, name }, ...rest });
    return id;
  }

  /** Whether `inner` is `outer` or below it. */
  #isInside(inner: EntryId | null, outer: EntryId): boolean {
    // Other devices' moves may have closed a circle.
    const passed = new Set<EntryId>();
    for (let at = inner; at !== null && !passed.has(at); at = this.#entries.get(at)?.place.parent ?? null) {
      if (at === outer) return true;
      passed.add(at);
    }
    return false;
  }

  #required(id: EntryId): IndexEntry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new AppError('NOT_FOUND', 'This file or folder is not in your vault any more.');
  }

  #assertFolder(id: EntryId | null): void {
    if (id === null || this.#entries.get(id)?.kind === 'folder') return;
    throw new AppError('NOT_FOUND', 'This folder is not in your vault any more.');
  }

  #next(): Stamp {
    if (this.#time >= MAX_INDEX_TIME)
      throw new AppError('TOO_LARGE', 'The vault’s index has no room for changes.');
    return [++this.#time, this.#device];
  }
}
