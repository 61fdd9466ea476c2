/** A file that is looked at through a link, or in the catalog, without being on the list. */
import { AppError } from '../../shared/errors.ts';
import { problemOfError, problemOfPublished, problemOfText } from './link-problem.ts';
import type { LinkProblem } from './link-problem.ts';
import { liveCheck } from './live-check.ts';
import type { LiveCheck } from './live-check.ts';
import type { AppEngine, LinkedFile, StoredFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export type OpenedLink =
  | { readonly phase: 'opening' }
  | { readonly phase: 'failed'; readonly problem: LinkProblem; readonly mayRetry: boolean }
  | {
      readonly phase: 'open';
      readonly file: StoredFile;
      /** It is among this device's files. */
      readonly listed: boolean;
      /** It can be deleted for everybody from here. */
      readonly mayDelete: boolean;
      /** Null until the swarm has said; `unknown` where it did not. */
      readonly check: LiveCheck | 'unknown' | null;
    };

/** How a file is got that is looked at. */
interface Way {
  readonly from: 'link' | 'catalog';
  readonly open: (signal: AbortSignal) => Promise<LinkedFile>;
}

export class OpenLink implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  #opened = $state.raw<OpenedLink | null>(null);
  #way = $state.raw<Way | null>(null);
  #abort = new AbortController();
  /** The file's downloads may outlive the look at it: its manifest then stays for a while. */
  #downloading = false;

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
  }

  /** Null while there is none. */
  get opened(): OpenedLink | null {
    return this.#opened;
  }

  get from(): 'link' | 'catalog' {
    return this.#way?.from ?? 'link';
  }

  /** In place of the one before. Resolves when it is open, or has failed. */
  async open(text: string): Promise<void> {
    const problem = problemOfText(text);
    const way: Way = {
      from: 'link',
      open: (signal) => this.#engine.sharing.open(text.trim(), signal),
    };
    if (problem === null) return this.#follow(way);
    this.close();
    this.#opened = { phase: 'failed', problem, mayRetry: false };
  }

  /** An entry of the catalog, as `open` a link. */
  openPublished(entryId: string): Promise<void> {
    return this.#follow({
      from: 'catalog',
      open: (signal) => this.#engine.catalog.open(entryId, signal),
    });
  }

  async retry(): Promise<void> {
    if (this.#way !== null) await this.#follow(this.#way);
  }

  /** Puts the file on this device's list. */
  async add(): Promise<void> {
    if (this.#opened?.phase !== 'open') return;
    try {
      await this.#engine.sharing.keep(this.#opened.file.manifestId);
      this.#opened = { ...this.#opened, listed: true };
    } catch (cause) {
      this.#notices.error('The file could not be added', cause);
    }
  }

  /** Deletes the file for everybody, and stops looking at it. */
  async delete(): Promise<void> {
    if (this.#opened?.phase !== 'open') return;
    const { manifestId, name } = this.#opened.file;
    try {
      // The right to delete it comes with the file.
      await this.#engine.sharing.keep(manifestId);
      await this.#engine.deletions.start(manifestId);
      this.close();
    } catch (cause) {
      this.#notices.error(`${name} could not be deleted`, cause);
    }
  }

  /** The browser has been given the file to download. */
  downloads(): void {
    this.#downloading = true;
  }

  close(): void {
    this.#abort.abort();
    const opened = this.#opened;
    if (opened?.phase === 'open' && !opened.listed && !this.#downloading)
      this.#engine.sharing
        .close(opened.file.manifestId)
        .catch((cause: unknown) => this.#notices.error('The file could not be forgotten', cause));
    this.#downloading = false;
    this.#opened = null;
    this.#way = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #follow(way: Way): Promise<void> {
    this.close();
    const abort = new AbortController();
    this.#abort = abort;
    this.#way = way;
    this.#opened = { phase: 'opening' };
    try {
      const { file, listed, mayDelete } = await way.open(abort.signal);
      if (abort.signal.aborted) {
        if (!listed) await this.#engine.sharing.close(file.manifestId);
        return;
      }
      this.#opened = { phase: 'open', file, listed, mayDelete, check: null };
      const check = await this.#check(file, abort.signal);
      this.#tell(check, abort.signal);
    } catch (cause) {
      if (abort.signal.aborted) return;
      const problem = way.from === 'catalog' ? problemOfPublished(cause) : problemOfError(cause);
      this.#opened = { phase: 'failed', problem, mayRetry: true };
    }
  }

  /** The file may have been added meanwhile. */
  #tell(check: LiveCheck | 'unknown', { aborted }: AbortSignal): void {
    if (!aborted && this.#opened?.phase === 'open') this.#opened = { ...this.#opened, check };
  }

  async #check(file: StoredFile, signal: AbortSignal): Promise<LiveCheck | 'unknown'> {
    try {
      return liveCheck(await this.#engine.checks.distribution(file.manifestId, signal));
    } catch (cause) {
      // Whoever does not answer now may do so when the file is played: this is news, not a failure.
      if (cause instanceof AppError) return 'unknown';
      throw cause;
    }
  }
}
