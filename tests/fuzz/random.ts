import { seededRandom } from '../helpers/virtual-network.ts';

/** Choices that a seed repeats. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** 0 to `end` − 1. */
  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  /** Small ones mostly, and now and then one near `end` − 1. */
  skewed(end: number): number {
    return Math.floor(end ** this.#next()) - 1;
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('Nothing to pick from.');
    return item;
  }

  bytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(sizeBytes);
    for (let i = 0; i < sizeBytes; i++) bytes[i] = this.below(256);
    return bytes;
  }
}

/** A seed of its own for one input: it replays without the inputs before it. */
export function inputSeed(seed: number, target: string, index: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b1, 0x85ebca6b);
  for (let i = 0; i < target.length; i++) mixed = Math.imul(mixed ^ target.charCodeAt(i), 0x01000193);
  mixed = Math.imul(mixed ^ index, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
