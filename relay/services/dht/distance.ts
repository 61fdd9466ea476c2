/** Kademlia's metric (Maymounkov and Mazières §2.1): ids and keys are 256-bit integers, their distance is the XOR. */
export function distance(a: string, b: string): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
}

/** Orders by distance; for `toSorted`. */
export function byDistanceTo<T>(target: string, idOf: (item: T) => string, items: Iterable<T>): T[] {
  return Array.from(items, (item) => ({ item, away: distance(target, idOf(item)) }))
    .sort((a, b) => (a.away < b.away ? -1 : a.away > b.away ? 1 : 0))
    .map(({ item }) => item);
}

/** Leading bits that two distinct ids share, 0 to 255. */
export function sharedBits(a: string, b: string): number {
  return 256 - distance(a, b).toString(2).length;
}
