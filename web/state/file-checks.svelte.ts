/** Live checks of files that the user asked for: how far each is, and what the swarm said. */
import { SvelteMap } from 'svelte/reactivity';
import { AppError } from '../../shared/errors.ts';
import { MAX_FILE_CHECKS } from '../../shared/limits.ts';
import { liveCheck } from './live-check.ts';
import type { LiveCheck } from './live-check.ts';
import type { FileChecks, ManifestId } from './engine-types.ts';

export type FileCheck =
  | { readonly phase: 'asking'; readonly done: number; readonly total: number }
  | { readonly phase: 'known'; readonly check: LiveCheck }
  /** `text` is for a person. */
  | { readonly phase: 'failed'; readonly text: string };

export class CheckedFiles implements Disposable {
  readonly #checks: FileChecks;
  readonly #known = new SvelteMap<ManifestId, FileCheck>();
  readonly #running = new SvelteMap<ManifestId, AbortController>();

  constructor(checks: FileChecks) {
    this.#checks = checks;
  }

  /** Null for a file that has not been checked in this visit. */
  of(id: ManifestId): FileCheck | null {
    return this.#known.get(id) ?? null;
  }

  /** Asks the swarm; resolves when it is known or has failed. */
  async start(id: ManifestId): Promise<void> {
    this.stop(id);
    const abort = new AbortController();
    this.#running.set(id, abort);
    const tell = (check: FileCheck): void => {
      if (this.#running.get(id) === abort) this.#set(id, check);
    };
    tell({ phase: 'asking', done: 0, total: 0 });
    try {
      const distribution = await this.#checks.distribution(id, abort.signal, (done, total) =>
        tell({ phase: 'asking', done, total }),
      );
      tell({ phase: 'known', check: liveCheck(distribution) });
    } catch (cause) {
      tell({ phase: 'failed', text: AppError.from(cause).message });
    } finally {
      if (this.#running.get(id) === abort) this.#running.delete(id);
    }
  }

  /** Ends a check under way; what was known of the file is forgotten. */
  stop(id: ManifestId): void {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
    this.#known.delete(id);
  }

  [Symbol.dispose](): void {
    for (const abort of this.#running.values()) abort.abort();
    this.#running.clear();
  }

  #set(id: ManifestId, check: FileCheck): void {
    this.#known.delete(id);
    this.#known.set(id, check);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_FILE_CHECKS && oldest !== undefined) this.stop(oldest);
  }
}
