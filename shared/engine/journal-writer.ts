/** Group commit: entries that come while the journal is being written go out together in the next write. */
import type { Journal, JournalEntry } from './ports.ts';

export class JournalWriter {
  readonly #journal: Journal;
  #waiting: JournalEntry[] = [];
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Resolves when the entries are durable; they keep their order. Throws what the journal threw for their write. */
  append(...entries: JournalEntry[]): Promise<void> {
    this.#waiting.push(...entries);
    if (this.#next === undefined) {
      this.#next = this.#writing.then(
        () => this.#write(),
        () => this.#write(),
      );
      this.#writing = this.#next;
    }
    return this.#next;
  }

  #write(): Promise<void> {
    const entries = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    return this.#journal.append(entries);
  }
}
