/** Messages that come and go: errors stay until dismissed, the rest leaves by itself. */
import { SvelteMap } from 'svelte/reactivity';
import { AppError } from '../../shared/errors.ts';
import { MAX_NOTICES } from '../../shared/limits.ts';
import { ERROR_HINTS } from './error-hints.ts';

const INFO_SHOWN_MS = 7_000;

export interface Notice {
  readonly id: number;
  readonly tone: 'error' | 'info';
  /** What happened. */
  readonly title: string;
  /** Why, in the error's own words. */
  readonly text: string | null;
  /** What to do. */
  readonly hint: string | null;
}

export class Notices implements Disposable {
  #list = $state.raw<readonly Notice[]>([]);
  #nextId = 1;
  readonly #timers = new SvelteMap<number, ReturnType<typeof setTimeout>>();

  /** Oldest first, at most `MAX_NOTICES`. */
  get list(): readonly Notice[] {
    return this.#list;
  }

  /** Shows a failure: what was tried, the error's message and its hint. An abort is what the user asked for: no notice. */
  error(title: string, cause: unknown): void {
    const error = AppError.from(cause);
    if (error.code === 'ABORTED') return;
    this.#add({ tone: 'error', title, text: error.message, hint: ERROR_HINTS[error.code] });
  }

  info(title: string, text: string | null = null): void {
    const id = this.#add({ tone: 'info', title, text, hint: null });
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), INFO_SHOWN_MS),
    );
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#list = this.#list.filter((notice) => notice.id !== id);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#list = [];
  }

  #add(notice: Omit<Notice, 'id'>): number {
    const same = this.#list.find((old) => old.title === notice.title && old.text === notice.text);
    if (same !== undefined) this.dismiss(same.id);
    const oldest = this.#list.length >= MAX_NOTICES ? this.#list[0] : undefined;
    if (oldest !== undefined) this.dismiss(oldest.id);
    const id = this.#nextId++;
    this.#list = [...this.#list, { id, ...notice }];
    return id;
  }
}
