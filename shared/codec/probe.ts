/**
 * Whether a block is worth compressing, found out in a fraction of what LZMA would take to find nothing. It looks at
 * the two ways in which LZMA shrinks data:
 * - literals: the entropy of each byte given the top three bits of the one before (what LZMA's literal coder sees), in
 *   windows, so that a compressible part of the block shows;
 * - matches: how much of the block repeats, at any distance. Positions are picked by their content, so that both
 *   copies of a repeated piece pick the same ones.
 */
import { MIN_COMPRESSION_GAIN } from '../limits.ts';

/** Smaller blocks are compressed for real at once: too few bytes for statistics, and cheap. */
const MIN_PROBED_BYTES = 4096;
const WINDOW_BYTES = 65_536;
const CONTEXT_SHIFT = 5;
const CELLS = 256 << (8 - CONTEXT_SHIFT);
/** One position in 64 is compared; 64 Ki slots hold the 16 Ki of a block with few collisions. */
const ANCHOR_MASK = 63;
const SLOT_BITS = 16;
const PRINT_BYTES = 8;
/** Of a byte in a repeated piece, what a match saves: all but the cost of pointing to it. */
const MATCH_SAVING = 0.9;
/** Compressing for nothing costs time; not compressing costs space for good. In doubt, compress. */
const THRESHOLD = MIN_COMPRESSION_GAIN * 0.8;

/** n · log₂ n for the counts that incompressible data gives: most of what the entropy would cost. */
const LOG_TABLE = 1024;
const nLog2n = Float64Array.from({ length: LOG_TABLE }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));

/** Reused by every call: a probe runs to its end before the next one begins. */
const counts = new Uint32Array(CELLS);
const slots = new Uint32Array(1 << SLOT_BITS);

/** Estimates whether the block will shrink by `MIN_COMPRESSION_GAIN`. */
export function isCompressible(block: Uint8Array): boolean {
  if (block.length < MIN_PROBED_BYTES) return true;
  return estimateSaving(block) >= THRESHOLD;
}

/** The share of the block, 0 to 1, that compression is expected to save. */
export function estimateSaving(block: Uint8Array): number {
  let savedBits = 0;
  for (let start = 0; start < block.length; start += WINDOW_BYTES) {
    savedBits += savedByLiterals(block, start, Math.min(start + WINDOW_BYTES, block.length));
  }
  const literals = savedBits / (block.length * 8);
  // What literals save already needs no search for matches.
  return literals >= THRESHOLD ? literals : literals + MATCH_SAVING * repeatedShare(block);
}

/** Bits saved in one window against 8 a byte, by its conditional entropy (Miller–Madow corrected for its few samples). */
function savedByLiterals(block: Uint8Array, start: number, end: number): number {
  counts.fill(0);
  let previous = 0;
  for (let i = start; i < end; i++) {
    const byte = block[i] ?? 0;
    const cell = ((previous >> CONTEXT_SHIFT) << 8) | byte;
    counts[cell] = (counts[cell] ?? 0) + 1;
    previous = byte;
  }
  let bits = 0;
  let bias = 0;
  for (let context = 0; context < CELLS; context += 256) {
    let total = 0;
    let used = 0;
    let weighted = 0;
    for (let cell = context; cell < context + 256; cell++) {
      const count = counts[cell] ?? 0;
      if (count === 0) continue;
      total += count;
      used++;
      weighted += count < LOG_TABLE ? (nLog2n[count] ?? 0) : count * Math.log2(count);
    }
    if (total === 0) continue;
    bits += total * Math.log2(total) - weighted;
    bias += (used - 1) / (2 * Math.LN2);
  }
  return Math.max(0, (end - start) * 8 - bits - bias);
}

/**
 * The share of the block, 0 to 1, that lies in pieces seen before: from one repeated position to the next if nothing new
 * lies between, else the 8 bytes that were compared.
 */
function repeatedShare(block: Uint8Array): number {
  slots.fill(0);
  let repeatedBytes = 0;
  let previousAnchor = -1;
  let current = block[0] ?? 0;
  const last = block.length - PRINT_BYTES;
  for (let i = 0; i < last; i++) {
    const next = block[i + 1] ?? 0;
    const picked = ((current ^ (next * 5)) & ANCHOR_MASK) === 0;
    current = next;
    if (!picked) continue;
    const print = fingerprint(block, i);
    const slot = print >>> (32 - SLOT_BITS);
    if (slots[slot] === print) {
      repeatedBytes += previousAnchor < 0 ? PRINT_BYTES : i - previousAnchor;
      previousAnchor = i;
    } else {
      slots[slot] = print;
      previousAnchor = -1;
    }
  }
  return repeatedBytes / block.length;
}

/** 32 bits over 8 bytes (Knuth's multiplicative hash); never 0, which marks an empty slot. */
function fingerprint(block: Uint8Array, at: number): number {
  const low = word(block, at);
  const high = word(block, at + 4);
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0 || 1;
}

function word(block: Uint8Array, at: number): number {
  return (
    (block[at] ?? 0) |
    ((block[at + 1] ?? 0) << 8) |
    ((block[at + 2] ?? 0) << 16) |
    ((block[at + 3] ?? 0) << 24)
  );
}
