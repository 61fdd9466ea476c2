/** One task at a time for each key, in the order of asking. A key without tasks costs nothing. */
export class KeyedTurns {
  /** Settles, and never rejects, when the last task asked for has ended. */
  readonly #ends = new Map<string, Promise<void>>();

  /** Runs `task` when those before it have ended, in whatever way. Throws what `task` throws. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(key) ?? Promise.resolve();
    const turn = before.then(task);
    const end = turn.then(nothing, nothing);
    this.#ends.set(key, end);
    try {
      return await turn;
    } finally {
      if (this.#ends.get(key) === end) this.#ends.delete(key);
    }
  }
}

function nothing(): void {
  return undefined;
}
