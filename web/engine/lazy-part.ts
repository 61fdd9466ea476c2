import { lazily } from './lazily.ts';

/** What a part of the engine gives to those who follow it. */
export interface WatchedPart<Value> {
  /** Calls back at once and on each change. Returns how to stop. */
  watch(callback: (value: Value) => void): () => void;
  dispose(): Promise<void>;
}

/** A part of the engine whose code is loaded when it is first needed. It can be watched before that. */
export class LazyPart<Part extends WatchedPart<Value>, Value> {
  readonly #load: () => Promise<Part>;
  readonly #empty: Value;
  /** Those who began to watch before there was a part. */
  readonly #early = new Set<(part: Part) => void>();
  #loaded: Part | null = null;
  #disposed = false;

  /** `empty` is the value while it is not loaded. */
  constructor(load: () => Promise<Part>, empty: Value) {
    this.#load = lazily(load);
    this.#empty = empty;
  }

  /** Null if nobody has needed it yet. */
  get loaded(): Part | null {
    return this.#loaded;
  }

  /** Throws as `lazily`. */
  async get(): Promise<Part> {
    const part = await this.#load();
    if (this.#loaded !== null) return part;
    this.#loaded = part;
    if (this.#disposed) await part.dispose();
    for (const begin of this.#early) begin(part);
    this.#early.clear();
    return part;
  }

  watch(callback: (value: Value) => void): () => void {
    if (this.#loaded !== null) return this.#loaded.watch(callback);
    let stop: (() => void) | null = null;
    const begin = (part: Part): void => {
      stop = part.watch(callback);
    };
    this.#early.add(begin);
    callback(this.#empty);
    return () => {
      this.#early.delete(begin);
      stop?.();
    };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#early.clear();
    await this.#loaded?.dispose();
  }
}
