import { randomBytes } from '../../../shared/crypto/random.ts';
import { toHex } from '../../../shared/bytes.ts';
import type { CompressionMode } from '../../../shared/codec/compression.ts';
import { FERNET_KEY_BYTES } from '../../../shared/crypto/fernet.ts';
import type { JournalHeader } from '../../../shared/engine/ports.ts';
import { AppError } from '../../../shared/errors.ts';
import { toFilename } from '../../../shared/format/manifest.ts';
import type { PickedFile, Transfer } from '../contract.ts';
import { Watchers } from '../watchers.ts';
import { createFileSource, fingerprintOf } from './file-source.ts';
import { mayRead, openHandle } from './file-handle.ts';
import { restoreUploads } from './restore-uploads.ts';
import { runUpload } from './run-upload.ts';
import type { UploadSurroundings } from './run-upload.ts';
import { UploadItem } from './upload-item.ts';

const NOTIFY_INTERVAL_MS = 100;
const TICK_MS = 1_000;
const UPLOAD_ID_BYTES = 16;

/** All uploads of this tab; they run one file at a time, in the order they were added. */
export class UploadQueue {
  readonly #surroundings: UploadSurroundings;
  readonly #watchers = new Watchers<readonly Transfer[]>(() => this.#snapshot(), NOTIFY_INTERVAL_MS);
  readonly #items = new Map<string, UploadItem>();
  #pumping: Promise<void> | null = null;
  readonly #disposed = new AbortController();

  constructor(surroundings: UploadSurroundings) {
    this.#surroundings = surroundings;
  }

  /** At most 10 calls a second. Returns how to stop. */
  watch(callback: (transfers: readonly Transfer[]) => void): () => void {
    return this.#watchers.watch(callback);
  }

  /** Whether any upload runs or waits. */
  get active(): boolean {
    return this.#pumping !== null;
  }

  /** Takes up what earlier visits left: goes on by itself where the browser still lets it read the file. */
  async restore(): Promise<void> {
    for (const item of await restoreUploads(this.#surroundings)) {
      this.#items.set(item.id, item);
      if (item.state !== 'cancelled' && item.handle !== null && (await mayRead(item.handle))) {
        item.state = 'queued';
      }
    }
    this.#changed();
    this.#pump();
  }

  add(files: readonly PickedFile[], mode: CompressionMode): void {
    for (const picked of files) {
      const header = newHeader(picked, mode);
      this.#items.set(
        header.uploadId,
        new UploadItem(header, { picked, handle: picked.handle ?? null, journaled: false }),
      );
    }
    this.#changed();
    this.#pump();
  }

  /** Stops an upload that waits or runs and keeps its journal. Resolves when it has stopped. */
  async cancel(id: string): Promise<void> {
    const item = this.#get(id);
    if (item.running !== null) {
      item.running.abort.abort();
      await item.running.ended;
    } else if (item.state === 'queued') {
      item.end('cancelled');
    }
    if (item.state === 'cancelled' && item.journaled) {
      await this.#surroundings.stores.journals.setPaused(id, true);
    }
    this.#changed();
  }

  /** Queues a stopped upload again. Throws `CONFLICT` when it is not stopped; `BAD_INPUT`, `FILE_CHANGED`, `FORBIDDEN`. */
  async resume(id: string, file?: PickedFile): Promise<void> {
    const item = this.#get(id);
    if (item.state === 'done' || item.state === 'queued' || item.state === 'running') {
      throw new AppError('CONFLICT', 'This upload is not stopped.');
    }
    try {
      item.picked = await this.#fileFor(item, file);
    } catch (cause) {
      if (file === undefined) this.#askForFile(item, cause);
      throw cause;
    }
    if (item.journaled) await this.#surroundings.stores.journals.setPaused(id, false);
    item.end('queued');
    this.#changed();
    this.#pump();
  }

  /** Takes an upload off the list; an unfinished one is given up. Throws `CONFLICT` while it runs. */
  async dismiss(id: string): Promise<void> {
    const item = this.#get(id);
    if (item.state === 'running') throw new AppError('CONFLICT', 'Cancel the upload first.');
    if (item.state !== 'done' && item.journaled) await this.#surroundings.stores.journals.abandon(id);
    this.#items.delete(id);
    this.#changed();
  }

  async dispose(): Promise<void> {
    this.#disposed.abort();
    for (const item of this.#items.values()) item.running?.abort.abort();
    await this.#pumping;
    this.#watchers.dispose();
  }

  /** The file to go on with: the one given, the one picked before, or the one behind the handle. */
  async #fileFor(item: UploadItem, given: PickedFile | undefined): Promise<PickedFile> {
    const path = item.header.name;
    if (given !== undefined) {
      assertSameFile(item.header, given);
      item.handle = given.handle ?? null;
      return { ...given, path };
    }
    if (item.picked !== null && item.error?.code !== 'FILE_CHANGED') return item.picked;
    if (item.handle === null) throw new AppError('BAD_INPUT', `Pick ${path} again to go on with its upload.`);
    const file = await openHandle(item.handle);
    const picked = { file, path, handle: item.handle };
    assertSameFile(item.header, picked);
    return picked;
  }

  /** What it had cannot be opened any more: the next resume has to bring the file along. */
  #askForFile(item: UploadItem, cause: unknown): void {
    item.picked = null;
    item.end('needs-file', { error: AppError.from(cause) });
    this.#changed();
  }

  #pump(): void {
    if (this.#disposed.signal.aborted || this.#pumping !== null) return;
    this.#pumping = this.#runAll().finally(() => {
      this.#pumping = null;
      // One may have been added after the last look.
      if (this.#nextQueued() !== undefined) this.#pump();
    });
  }

  #nextQueued(): UploadItem | undefined {
    return [...this.#items.values()].find((item) => item.state === 'queued');
  }

  async #runAll(): Promise<void> {
    const { signal } = this.#disposed;
    const { gate } = this.#surroundings;
    for (;;) {
      const next = this.#nextQueued();
      if (next === undefined || signal.aborted) return;
      if (gate.lock === null) await this.#run(next);
      // It may have been cancelled meanwhile: look again. An abort is the end of the queue.
      else await gate.whenOpen(signal).catch(() => undefined);
    }
  }

  /** Never rejects: what goes wrong is the item's `error`. */
  async #run(item: UploadItem): Promise<void> {
    const abort = new AbortController();
    const ticker = setInterval(() => {
      item.tick(performance.now());
      this.#changed();
    }, TICK_MS);
    item.state = 'running';
    item.begin(performance.now());
    const run = this.#tryRun(item, abort.signal);
    item.running = { abort, ended: run };
    this.#changed();
    await run;
    clearInterval(ticker);
    item.running = null;
    this.#changed();
  }

  async #tryRun(item: UploadItem, signal: AbortSignal): Promise<void> {
    const { gate } = this.#surroundings;
    const { locks } = gate;
    try {
      item.picked ??= await this.#fileFor(item, undefined);
      const manifestId = await runUpload(
        this.#surroundings,
        item,
        createFileSource(item.picked),
        (progress) => {
          item.progress(performance.now(), progress);
          this.#changed();
        },
        signal,
      );
      item.end('done', { manifestId });
      // Nothing reads it any more; a File can hold the bytes of what was pasted or made by a page.
      item.picked = null;
    } catch (cause) {
      const error = AppError.from(cause);
      const cancelled = error.code === 'ABORTED' && signal.aborted;
      // A private swarm that turned the key away in between is no fault of the upload: it waits and goes on from its journal.
      if (!cancelled && gate.locks !== locks) item.end('queued');
      else item.end(cancelled ? 'cancelled' : 'failed', { error });
    }
  }

  #get(id: string): UploadItem {
    const item = this.#items.get(id);
    if (item === undefined) throw new AppError('NOT_FOUND', 'There is no such upload any more.');
    return item;
  }

  #snapshot(): readonly Transfer[] {
    return [...this.#items.values()].map((item) => item.snapshot());
  }

  #changed(): void {
    this.#watchers.changed();
  }
}

function newHeader(picked: PickedFile, mode: CompressionMode): JournalHeader {
  const { name, type, sizeBytes } = createFileSource(picked);
  return {
    uploadId: toHex(randomBytes(UPLOAD_ID_BYTES)),
    name,
    type,
    sizeBytes,
    fingerprint: fingerprintOf(picked.file),
    created: new Date().toISOString(),
    mode,
    key: randomBytes(FERNET_KEY_BYTES),
  };
}

/** Its blocks are compared one by one as they are read again; this catches a slip of the hand before that. */
function assertSameFile(header: JournalHeader, { file }: PickedFile): void {
  const name = header.name.split('/').pop();
  if (file.size === header.sizeBytes && toFilename(file.name) === name) return;
  throw new AppError(
    'FILE_CHANGED',
    `This is not the file whose upload began (${header.name}), or it has changed: upload it as a new file.`,
  );
}
