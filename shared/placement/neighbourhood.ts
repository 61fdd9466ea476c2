/** The relays nearest to a key by XOR: what a DHT lookup finds, and what placement chooses from. */
import { NEIGHBOURHOOD } from '../limits.ts';
import type { ChunkId } from '../ids.ts';
import type { Member } from './member.ts';

const WORD_HEX = 8;
const WORDS = 8;

function wordAt(id: string, word: number): number {
  return Number.parseInt(id.slice(word * WORD_HEX, (word + 1) * WORD_HEX), 16);
}

/** Compares two distinct ids' XOR distance to `key` as 256-bit integers (Kademlia, Maymounkov and Mazières §2.1). */
function compareDistance(key: string, a: string, b: string): number {
  for (let word = 0; word < WORDS; word++) {
    const target = wordAt(key, word);
    const difference = ((wordAt(a, word) ^ target) >>> 0) - ((wordAt(b, word) ^ target) >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** All members, the nearest to `key` first; members have distinct ids. */
export function byDistance(key: ChunkId, members: readonly Member[]): Member[] {
  const first = wordAt(key, 0);
  // The first 32 bits decide nearly always, so they are parsed once per member and not once per comparison.
  return members
    .map((member) => ({ member, prefix: (wordAt(member.id, 0) ^ first) >>> 0 }))
    .sort((a, b) => a.prefix - b.prefix || compareDistance(key, a.member.id, b.member.id))
    .map(({ member }) => member);
}

/** The `NEIGHBOURHOOD` storing members nearest to `key`, nearest first; capacity 0 is left out. */
export function neighbourhood(key: ChunkId, members: readonly Member[]): Member[] {
  return byDistance(key, members.filter(isStoring)).slice(0, NEIGHBOURHOOD);
}

export function isStoring(member: Member): boolean {
  return member.capacity > 0;
}
