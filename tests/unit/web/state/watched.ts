/** A value with watchers that hear it at once and on each change. */
export class Watched<T> {
  readonly watchers = new Set<(value: T) => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const watcher of this.watchers) watcher(value);
  }

  watch(watcher: (value: T) => void): () => void {
    this.watchers.add(watcher);
    watcher(this.#value);
    return () => this.watchers.delete(watcher);
  }
}
