/** A file that is looked at through a link, without being on the list. */
import { AppError } from '../../shared/errors.ts';
import { problemOfError, problemOfText } from './link-problem.ts';
import type { LinkProblem } from './link-problem.ts';
import { liveCheck } from './live-check.ts';
import type { LiveCheck } from './live-check.ts';
import type { AppEngine, StoredFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export type OpenedLink =
  | { readonly phase: 'opening' }
  | { readonly phase: 'failed'; readonly problem: LinkProblem; readonly mayRetry: boolean }
  | {
      readonly phase: 'open';
      readonly file: StoredFile;
      /** It is among this device's files. */
      readonly listed: boolean;
      /** Null until the swarm has said; `unknown` where it did not. */
      readonly check: LiveCheck | 'unknown' | null;
    };

export class OpenLink implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  #opened = $state.raw<OpenedLink | null>(null);
  #text = '';
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

  /** In place of the one before. Resolves when it is open, or has failed. */
  async open(text: string): Promise<void> {
    this.close();
    const abort = new AbortController();
    this.#abort = abort;
    this.#text = text;
    const problem = problemOfText(text);
    if (problem !== null) {
      this.#opened = { phase: 'failed', problem, mayRetry: false };
      return;
    }
    this.#opened = { phase: 'opening' };
    try {
      const { file, listed } = await this.#engine.sharing.open(text.trim(), abort.signal);
      if (abort.signal.aborted) {
        if (!listed) await this.#engine.sharing.close(file.manifestId);
        return;
      }
      this.#opened = { phase: 'open', file, listed, check: null };
      const check = await this.#check(file, abort.signal);
      this.#tell(check, abort.signal);
    } catch (cause) {
      if (abort.signal.aborted) return;
      this.#opened = { phase: 'failed', problem: problemOfError(cause), mayRetry: true };
    }
  }

  retry(): Promise<void> {
    return this.open(this.#text);
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
  }

  [Symbol.dispose](): void {
    this.close();
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
