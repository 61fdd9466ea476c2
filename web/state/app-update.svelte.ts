/** A newer version of the app that waits to take over. It never does so by itself: a transfer may be under way. */
export class AppUpdate {
  #apply = $state.raw<(() => void) | null>(null);

  get ready(): boolean {
    return this.#apply !== null;
  }

  /** Called when a new version is installed and waits; `apply` activates it and reloads the page. */
  offer(apply: () => void): void {
    this.#apply = apply;
  }

  apply(): void {
    this.#apply?.();
  }

  /** Not now; the next visit gets it. */
  postpone(): void {
    this.#apply = null;
  }
}
