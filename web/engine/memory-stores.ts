/**
 * Local stores for the session only: without a secure context there is no key that could protect secrets on disk, and
 * no other tab can see them, so no locks either.
 */
import { DERIVATION_ID_BYTES, VAULT_SECRET_BYTES } from '../../shared/crypto/kdf.ts';
import { randomBytes } from '../../shared/crypto/random.ts';
import type { OwnPublication, PublicationStore } from '../../shared/engine/catalog-publish.ts';
import type { Journal, JournalEntry, JournalHeader } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import { baseName, inFolder } from '../../shared/format/file-path.ts';
import type { ChunkId, ManifestId } from '../../shared/ids.ts';
import type { ClientKey } from '../../shared/protocol/swarm-session.ts';
import type { StateItem } from '../../shared/vault/vault-state.ts';
import { journalHeld, journalMissing, newestFirst } from './local-stores.ts';
import { MemoryShares } from './memory-shares.ts';
import type {
  AbandonedUpload,
  FileFacts,
  FileStore,
  HeldFile,
  LeftoverUpload,
  LocalFile,
  LocalStores,
  OwnedJournal,
  SwarmKeyStore,
  UploadJournals,
  UploadOrigin,
  Vault,
  VaultIdentity,
  VaultItems,
} from './local-stores.ts';

export class MemoryFiles implements FileStore {
  readonly #files = new Map<ManifestId, { manifest: Manifest; stored: LocalFile; listed: boolean }>();

  list(): Promise<readonly LocalFile[]> {
    const listed = [...this.#files.values()].filter((file) => file.listed);
    return Promise.resolve(listed.map(({ stored }) => stored).sort(newestFirst));
  }

  find(id: ManifestId): Promise<LocalFile | null> {
    const file = this.#files.get(id);
    return Promise.resolve(file?.listed === true ? file.stored : null);
  }

  manifest(id: ManifestId): Promise<Manifest> {
    const file = this.#files.get(id);
    return file === undefined
      ? Promise.reject(new AppError('NOT_FOUND', 'There is no manifest of that file: import it first.'))
      : Promise.resolve(file.manifest);
  }

  add(id: ManifestId, manifest: Manifest, facts: FileFacts): Promise<LocalFile> {
    const known = this.#files.get(id);
    if (known?.listed === true && (known.stored.owned || facts.uploadId === null))
      return Promise.resolve(known.stored);
    if (known?.listed === true) {
      const stored = { ...known.stored, owned: true };
      this.#files.set(id, { ...known, stored });
      return Promise.resolve(stored);
    }
    return Promise.resolve(this.#put(id, manifest, facts, true));
  }

  hold(id: ManifestId, manifest: Manifest): Promise<HeldFile> {
    const known = this.#files.get(id);
    if (known?.listed === true) return Promise.resolve({ file: known.stored, listed: true });
    const file = this.#put(id, manifest, { minReplicas: null, uploadId: null }, false);
    return Promise.resolve({ file, listed: false });
  }

  letGo(id: ManifestId): Promise<void> {
    if (this.#files.get(id)?.listed === false) this.#files.delete(id);
    return Promise.resolve();
  }

  async *references(): AsyncGenerator<ChunkId> {
    for (const { manifest } of [...this.#files.values()])
      for (let index = 0; index < manifest.rows.length; index++) yield (await manifest.rows.at(index)).id;
  }

  #put(id: ManifestId, manifest: Manifest, facts: FileFacts, listed: boolean): LocalFile {
    const { filename, type, size, created } = manifest.header;
    const path = inFolder(facts.folder ?? '', filename);
    const stored: LocalFile = {
      manifestId: id,
      path,
      name: baseName(path),
      type,
      sizeBytes: size,
      created,
      chunkCount: manifest.rows.length,
      minReplicas: facts.minReplicas,
      owned: facts.uploadId !== null,
      indexed: false,
    };
    this.#files.set(id, { manifest, stored, listed });
    return stored;
  }

  remove(id: ManifestId): Promise<void> {
    this.#files.delete(id);
    return Promise.resolve();
  }

  place(id: ManifestId, path: string): Promise<void> {
    return this.#change(id, { path, name: baseName(path) });
  }

  markIndexed(id: ManifestId): Promise<void> {
    return this.#change(id, { indexed: true });
  }

  #change(id: ManifestId, changes: Partial<LocalFile>): Promise<void> {
    const file = this.#files.get(id);
    if (file?.listed === true) this.#files.set(id, { ...file, stored: { ...file.stored, ...changes } });
    return Promise.resolve();
  }
}

interface MemoryRecord {
  readonly header: JournalHeader;
  readonly handle: FileSystemFileHandle | null;
  readonly folder: string;
  readonly entries: JournalEntry[];
  held: boolean;
  paused: boolean;
  abandoned: boolean;
}

export class MemoryJournals implements UploadJournals {
  readonly #records = new Map<string, MemoryRecord>();

  create(header: JournalHeader, { handle = null, folder = '' }: UploadOrigin = {}): Promise<Journal> {
    if (this.#records.has(header.uploadId)) return Promise.reject(journalHeld());
    const record: MemoryRecord = {
      header,
      handle,
      folder,
      entries: [],
      held: true,
      paused: false,
      abandoned: false,
    };
    this.#records.set(header.uploadId, record);
    return Promise.resolve(memoryJournal(record));
  }

  grant(header: JournalHeader, _manifestId: ManifestId, entries: Iterable<JournalEntry>): Promise<void> {
    if (this.#records.has(header.uploadId)) return Promise.reject(journalHeld());
    const idle = { folder: '', held: false, paused: false, abandoned: false };
    this.#records.set(header.uploadId, { header, handle: null, entries: [...entries], ...idle });
    return Promise.resolve();
  }

  open(uploadId: string): Promise<Journal> {
    return this.#open(uploadId, false);
  }

  openAbandoned(uploadId: string): Promise<Journal> {
    return this.#open(uploadId, true);
  }

  #open(uploadId: string, abandoned: boolean): Promise<Journal> {
    const record = this.#records.get(uploadId);
    if (record?.abandoned !== abandoned) return Promise.reject(journalMissing());
    if (record.held) return Promise.reject(journalHeld());
    record.held = true;
    return Promise.resolve(memoryJournal(record));
  }

  async unfinished(): Promise<readonly JournalHeader[]> {
    return (await this.leftovers()).map(({ header }) => header);
  }

  leftovers(): Promise<readonly LeftoverUpload[]> {
    const free = [...this.#records.values()].filter(
      (record) => !record.held && !record.abandoned && finishedAs(record) === undefined,
    );
    return Promise.resolve(
      free.map(({ header, handle, paused, folder }) => ({ header, handle, paused, folder })),
    );
  }

  inUse(): Promise<boolean> {
    return Promise.resolve([...this.#records.values()].some(({ held }) => held));
  }

  setPaused(uploadId: string, paused: boolean): Promise<void> {
    const record = this.#records.get(uploadId);
    if (record !== undefined) record.paused = paused;
    return Promise.resolve();
  }

  uploadOf(manifestId: ManifestId): Promise<string | null> {
    const owner = [...this.#records.values()].find((record) => finishedAs(record) === manifestId);
    return Promise.resolve(owner?.header.uploadId ?? null);
  }

  abandon(uploadId: string): Promise<void> {
    return this.#setAbandoned(uploadId, true);
  }

  reinstate(uploadId: string): Promise<void> {
    return this.#setAbandoned(uploadId, false);
  }

  abandoned(): Promise<readonly AbandonedUpload[]> {
    const free = [...this.#records.values()].filter((record) => record.abandoned && !record.held);
    return Promise.resolve(
      free.map((record) => ({
        uploadId: record.header.uploadId,
        name: record.header.name,
        manifestId: finishedAs(record) ?? null,
        paused: record.paused,
      })),
    );
  }

  remove(uploadId: string): Promise<void> {
    this.#records.delete(uploadId);
    return Promise.resolve();
  }

  async *owned(): AsyncGenerator<OwnedJournal> {
    for (const record of [...this.#records.values()]) {
      const { header, abandoned } = record;
      yield await Promise.resolve({
        ...{ name: `The journal of ${header.name}`, sizeBytes: header.sizeBytes },
        complete: finishedAs(record) !== undefined,
        here: true,
        abandoned,
        entries: () => entriesOf(record),
      });
    }
  }

  #setAbandoned(uploadId: string, abandoned: boolean): Promise<void> {
    const record = this.#records.get(uploadId);
    if (record?.held === true) return Promise.reject(journalHeld());
    if (record !== undefined) {
      record.abandoned = abandoned;
      record.paused = false;
    }
    return Promise.resolve();
  }
}

function finishedAs(record: MemoryRecord): ManifestId | undefined {
  return record.entries.find((entry) => entry.kind === 'finished')?.manifestId;
}

async function* entriesOf({ entries }: MemoryRecord): AsyncGenerator<JournalEntry> {
  yield* await Promise.resolve([...entries]);
}

function memoryJournal(record: MemoryRecord): Journal {
  return {
    header: record.header,
    entries: () => entriesOf(record),
    append(entries) {
      record.entries.push(...entries);
      return Promise.resolve();
    },
    close() {
      record.held = false;
      return Promise.resolve();
    },
  };
}

export class MemoryPublications implements PublicationStore {
  readonly #publications = new Map<string, OwnPublication>();

  list(): Promise<readonly OwnPublication[]> {
    return Promise.resolve([...this.#publications.values()]);
  }

  save(publication: OwnPublication): Promise<void> {
    this.#publications.set(publication.id, publication);
    return Promise.resolve();
  }
}

export class MemorySwarmKey implements SwarmKeyStore {
  #key: ClientKey | null = null;

  load(): Promise<ClientKey | null> {
    return Promise.resolve(this.#key);
  }

  save({ client }: ClientKey): Promise<void> {
    this.#key = { client };
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.#key = null;
    return Promise.resolve();
  }
}

export class MemoryVaultItems implements VaultItems {
  #items = new Map<string, string>();
  #saves = 0;

  load(): Promise<Iterable<readonly [string, string]>> {
    return Promise.resolve([...this.#items]);
  }

  save(items: readonly StateItem[]): Promise<void> {
    this.#saves++;
    for (const [key, value] of items) {
      if (value === null) this.#items.delete(key);
      else this.#items.set(key, value);
    }
    return Promise.resolve();
  }

  version(): Promise<string> {
    return Promise.resolve(this.#saves === 0 ? '' : String(this.#saves));
  }

  replace(items: readonly StateItem[]): Promise<void> {
    this.#items = new Map();
    return this.save(items);
  }
}

class MemoryStores implements LocalStores {
  readonly persistent = false;
  readonly hasPassphrase = false;
  readonly vaultIndex = new MemoryVaultItems();
  readonly files = new MemoryFiles();
  readonly journals = new MemoryJournals();
  readonly shares = new MemoryShares();
  readonly publications = new MemoryPublications();
  readonly swarmKey = new MemorySwarmKey();
  #vault: Vault = {
    secret: randomBytes(VAULT_SECRET_BYTES),
    deviceId: randomBytes(DERIVATION_ID_BYTES),
    former: [],
  };

  get vault(): Vault {
    return this.#vault;
  }

  async replaceVault(next: VaultIdentity, items: readonly StateItem[]): Promise<void> {
    const { former, secret, deviceId } = this.#vault;
    await this.vaultIndex.replace(items);
    this.#vault = { ...next, former: [...former, { secret, deviceId }] };
  }

  reloadVault(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

export function createMemoryStores(): LocalStores {
  return new MemoryStores();
}
