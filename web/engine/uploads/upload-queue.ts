import { randomBytes } from '../../../shared/crypto/random.ts';
import { toHex } from '../../../shared/bytes.ts';
import type { CompressionMode } from '../../../shared/codec/compression.ts';
import { FERNET_KEY_BYTES } from '../../../shared/crypto/fernet.ts';
import type { JournalHeader } from '../../../shared/engine/ports.ts';
import { AppError } from '../../../shared/errors.ts';
import { baseName, folderOf, inFolder } from '../../../shared/format/file-path.ts';
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
      if (item.state !== 'paused' && item.handle !== null && (await mayRead(item.handle))) {
        item.state = 'queued';
      }
    }
    this.#changed();
    this.#pump();
  }

  /** `folder`: the path of where they go. */
  add(files: readonly PickedFile[], mode: CompressionMode, folder = ''): void {
    for (const given of files) {
      const full = toFilename(inFolder(folder, given.path));
      // A manifest goes to whoever gets a link: where the file lies among its owner's is not theirs to know.
      const picked = { ...given, path: toFilename(baseName(full)) };
      const header = newHeader(picked, mode);
      this.#items.set(
        header.uploadId,
        new UploadItem(header, {
          picked,
          handle: picked.handle ?? null,
          journaled: false,
          folder: folderOf(full),
        }),
      );
    }
    this.#changed();
    this.#pump();
  }

  /** Stops an upload that waits or runs and keeps its journal. Resolves when it has stopped. */
  pause(id: string): Promise<void> {
    return this.#pause([this.#get(id)]);
  }

  pauseAll(): Promise<void> {
    return this.#pause([...this.#items.values()]);
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

  /** Queues all that stopped, but those whose file has to be picked again. */
  async resumeAll(): Promise<void> {
    for (const { id, state } of [...this.#items.values()]) {
      // What stands in its way is the item's own error.
      if (state === 'paused' || state === 'failed') await this.resume(id).catch(() => undefined);
    }
  }

  /** Gives an upload up and takes it off the list. One that finished meanwhile has its file in the list of files. */
  cancel(id: string): Promise<void> {
    return this.#giveUp([this.#get(id)]);
  }

  cancelAll(): Promise<void> {
    return this.#giveUp([...this.#items.values()].filter(({ state }) => state !== 'done'));
  }

  /** Takes a finished upload off the list. Throws `CONFLICT` for an unfinished one. */
  dismiss(id: string): void {
    if (this.#get(id).state !== 'done') throw new AppError('CONFLICT', 'This upload has not finished.');
    this.#items.delete(id);
    this.#changed();
  }

  async dispose(): Promise<void> {
    this.#disposed.abort();
    for (const item of this.#items.values()) item.running?.abort.abort();
    await this.#pumping;
    this.#watchers.dispose();
  }

  /** Resolves when none of them runs or waits. */
  async #stop(items: readonly UploadItem[]): Promise<void> {
    // Those that wait first: else each that stops would make way for the next.
    for (const item of items) if (item.state === 'queued') item.end('paused');
    this.#changed();
    for (const item of items) {
      if (item.running === null) continue;
      item.running.abort.abort();
      await item.running.ended;
      // A swarm that locked it out at the same moment had put it back.
      if (item.state === 'queued') item.end('paused');
    }
  }

  async #pause(items: readonly UploadItem[]): Promise<void> {
    await this.#stop(items);
    for (const { id, state, journaled } of items) {
      if (state === 'paused' && journaled) await this.#surroundings.stores.journals.setPaused(id, true);
    }
    this.#changed();
  }

  async #giveUp(items: readonly UploadItem[]): Promise<void> {
    await this.#stop(items);
    for (const { id, state, journaled } of items) {
      if (state !== 'done' && journaled) await this.#surroundings.stores.journals.abandon(id);
      this.#items.delete(id);
    }
    this.#changed();
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
    for (const item of this.#items.values()) if (item.state === 'queued') return item;
    return undefined;
  }

  async #runAll(): Promise<void> {
    const { signal } = this.#disposed;
    const { gate } = this.#surroundings;
    for (;;) {
      const next = this.#nextQueued();
      if (next === undefined || signal.aborted) return;
      if (gate.lock === null) await this.#run(next);
      // It may have been paused meanwhile: look again. An abort is the end of the queue.
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
      const paused = error.code === 'ABORTED' && signal.aborted;
      // A private swarm that turned the key away in between is no fault of the upload: it waits and goes on from its journal.
      if (!paused && gate.locks !== locks) item.end('queued');
      else if (paused) item.end('paused');
      else item.end('failed', { error });
    }
  }

  #get(id: string): UploadItem {
    const item = this.#items.get(id);
    if (item === undefined) throw new AppError('NOT_FOUND', 'There is no such upload any more.');
    return item;
  }

  #snapshot(): readonly Transfer[] {
    const { persistent } = this.#surroundings.stores;
    return Array.from(this.#items.values(), (item) => item.snapshot(persistent));
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
