/** How many rows each source has brought; remembered, since counting a million of them takes 100 ms. */
export class SourceTally {
  readonly #bySource = new Map<string | null, number>();
  #total = 0;

  /** `counts`: each source once; null: brought by nobody that a quota counts. */
  constructor(counts: Iterable<readonly [source: string | null, count: number]> = []) {
    for (const [source, count] of counts) this.add(source, count);
  }

  get total(): number {
    return this.#total;
  }

  of(source: string | null): number {
    return this.#bySource.get(source) ?? 0;
  }

  /** `change`: negative for rows that have gone. */
  add(source: string | null, change: number): void {
    this.#total += change;
    const left = this.of(source) + change;
    if (left === 0) this.#bySource.delete(source);
    else this.#bySource.set(source, left);
  }

  [Symbol.iterator](): IterableIterator<[source: string | null, count: number]> {
    return this.#bySource.entries();
  }
}
