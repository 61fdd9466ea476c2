/** Damage to bytes that were valid: what disks, networks and attackers do to them. */
import { concatBytes } from '../../shared/bytes.ts';
import type { Bytes } from '../../shared/bytes.ts';
import type { Random } from './random.ts';

const MAX_RANDOM_BYTES = 2048;
const MAX_GROWN_BYTES = 64 * 1024;
const EDGE_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff];
const EDGE_INTEGERS = [0, 1, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

type Mutation = (bytes: Bytes, random: Random, samples: readonly Bytes[]) => Bytes;

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => edited(bytes, (copy) => flipBit(copy, random)),
  (bytes, random) => edited(bytes, (copy) => (copy[random.below(copy.length)] = random.below(256))),
  (bytes, random) => edited(bytes, (copy) => (copy[random.below(copy.length)] = random.pick(EDGE_BYTES))),
  (bytes, random) => edited(bytes, (copy) => writeInteger(copy, random)),
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.slice(random.below(bytes.length + 1)),
  (bytes, random) => concatBytes(bytes, random.bytes(random.skewed(MAX_RANDOM_BYTES))),
  insert,
  remove,
  repeat,
  splice,
];

/** One of the samples with a few such damages, or bytes that never were anything. */
export function mutatedBytes(random: Random, samples: readonly Bytes[]): Bytes {
  if (random.chance(0.05)) return random.bytes(random.skewed(MAX_RANDOM_BYTES));
  let bytes = random.pick(samples);
  const rounds = 1 + random.skewed(8);
  for (let round = 0; round < rounds; round++) bytes = random.pick(MUTATIONS)(bytes, random, samples);
  return bytes;
}

function edited(bytes: Bytes, edit: (copy: Bytes) => void): Bytes {
  if (bytes.length === 0) return bytes;
  const copy = bytes.slice();
  edit(copy);
  return copy;
}

function flipBit(copy: Bytes, random: Random): void {
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
}

/** Where a length might be. */
function writeInteger(copy: Bytes, random: Random): void {
  const width = Math.min(random.pick([1, 2, 3, 4]), copy.length);
  const at = random.below(copy.length - width + 1);
  const value = random.pick(EDGE_INTEGERS);
  const isLittleEndian = random.chance(0.5);
  for (let i = 0; i < width; i++) copy[at + (isLittleEndian ? i : width - 1 - i)] = value >>> (8 * i);
}

function insert(bytes: Bytes, random: Random): Bytes {
  const at = random.below(bytes.length + 1);
  return concatBytes(bytes.subarray(0, at), random.bytes(1 + random.skewed(64)), bytes.subarray(at));
}

function remove(bytes: Bytes, random: Random): Bytes {
  const from = random.below(bytes.length + 1);
  return concatBytes(bytes.subarray(0, from), bytes.subarray(from + random.skewed(64)));
}

function repeat(bytes: Bytes, random: Random): Bytes {
  const from = random.below(bytes.length + 1);
  const piece = bytes.subarray(from, from + 1 + random.skewed(256));
  const times = Math.min(1 + random.skewed(1000), Math.floor(MAX_GROWN_BYTES / Math.max(1, piece.length)));
  const middle = concatBytes(...Array.from({ length: times }, () => piece));
  return concatBytes(bytes.subarray(0, from), middle, bytes.subarray(from));
}

function splice(bytes: Bytes, random: Random, samples: readonly Bytes[]): Bytes {
  const other = random.pick(samples);
  return concatBytes(
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  );
}
