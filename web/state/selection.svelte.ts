/** Which rows of a list are selected: one by one, a range from the last one chosen, or all. */
import { SvelteSet } from 'svelte/reactivity';

export class Selection {
  /** Keys of the rows, in order. */
  readonly #rows: () => readonly string[];
  readonly #keys = new SvelteSet<string>();
  /** Where a range begins. */
  #anchor: string | null = null;

  constructor(rows: () => readonly string[]) {
    this.#rows = rows;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  set(key: string, selected: boolean): void {
    this.#anchor = key;
    if (selected) this.#keys.add(key);
    else this.#keys.delete(key);
  }

  toggle(key: string): void {
    this.set(key, !this.has(key));
  }

  /** Selects everything from the last row chosen one by one to this one, and nothing else. */
  extendTo(key: string): void {
    const rows = this.#rows();
    const to = rows.indexOf(key);
    const from = this.#anchor === null ? -1 : rows.indexOf(this.#anchor);
    if (from === -1) this.#anchor = key;
    this.#keys.clear();
    const [first, last] = from === -1 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
    for (const each of rows.slice(first, last + 1)) this.#keys.add(each);
  }

  all(): void {
    for (const key of this.#rows()) this.#keys.add(key);
  }

  none(): void {
    this.#keys.clear();
    this.#anchor = null;
  }
}
