/**
 * Finds plaintext and secrets where they must not be: any 24-byte window of the inputs at any offset, and any secret in
 * its usual encodings. A Bloom filter over rolling hashes of all windows keeps it fast; every hit is confirmed
 * byte by byte, so that a report is a leak.
 */

const WINDOW_BYTES = 24;
/** Windows of fewer distinct byte values are padding and rules of dashes, which leak nothing and occur by chance. */
const MIN_DISTINCT_BYTES = 7;
const FILTER_BITS = 2 ** 29;
const BASE_A = 0x01000193;
const BASE_B = 0x9e3779b1;

export interface Secret {
  /** Says what leaked, in the report. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

export interface Leak {
  /** Where it was found. */
  readonly place: string;
  readonly offset: number;
  /** What was found: the secret's label, or the window as text. */
  readonly what: string;
}

export class LeakScanner {
  readonly #inputs: readonly Uint8Array[];
  readonly #needles: readonly { label: string; bytes: Buffer }[];
  readonly #filter = new Uint8Array(FILTER_BITS / 8);

  constructor(inputs: readonly Uint8Array[], secrets: readonly Secret[]) {
    this.#inputs = inputs;
    this.#needles = secrets.flatMap(({ label, bytes }) =>
      encodings(bytes).map((needle) => ({ label, bytes: needle })),
    );
    for (const input of inputs) {
      forEachWindow(input, (_offset, a, b) => {
        for (let probe = 0; probe < 4; probe++) this.#set(mix(a, b, probe));
      });
    }
  }

  /** Every leak in `haystack`; `place` names it in the report. */
  scan(place: string, haystack: Uint8Array): Leak[] {
    const leaks: Leak[] = [];
    const buffer = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
    for (const { label, bytes } of this.#needles) {
      const offset = buffer.indexOf(bytes);
      if (offset >= 0) leaks.push({ place, offset, what: label });
    }
    const candidates = new Map<string, number>();
    forEachWindow(haystack, (offset, a, b) => {
      for (let probe = 0; probe < 4; probe++) if (!this.#has(mix(a, b, probe))) return;
      candidates.set(buffer.toString('latin1', offset, offset + WINDOW_BYTES), offset);
    });
    for (const [window, offset] of candidates) {
      const bytes = Buffer.from(window, 'latin1');
      if (
        this.#inputs.some((input) =>
          Buffer.from(input.buffer, input.byteOffset, input.byteLength).includes(bytes),
        )
      ) {
        leaks.push({ place, offset, what: JSON.stringify(window) });
      }
    }
    return leaks;
  }

  #set(bit: number): void {
    this.#filter[bit >>> 3] = (this.#filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  #has(bit: number): boolean {
    return ((this.#filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }
}

function mix(a: number, b: number, probe: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 2 * probe + 1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) & (FILTER_BITS - 1);
}

/** Calls back with two Rabin–Karp hashes of each window that is not trivial. */
function forEachWindow(bytes: Uint8Array, visit: (offset: number, a: number, b: number) => void): void {
  if (bytes.length < WINDOW_BYTES) return;
  let dropA = 1;
  let dropB = 1;
  for (let i = 1; i < WINDOW_BYTES; i++) {
    dropA = Math.imul(dropA, BASE_A);
    dropB = Math.imul(dropB, BASE_B);
  }
  const counts = new Uint8Array(256);
  let distinct = 0;
  let a = 0;
  let b = 0;
  for (let end = 0; end < bytes.length; end++) {
    if (end >= WINDOW_BYTES) {
      const old = bytes[end - WINDOW_BYTES] ?? 0;
      a = (a - Math.imul(old + 1, dropA)) | 0;
      b = (b - Math.imul(old + 1, dropB)) | 0;
      const left = (counts[old] ?? 0) - 1;
      counts[old] = left;
      if (left === 0) distinct--;
    }
    const byte = bytes[end] ?? 0;
    a = (Math.imul(a, BASE_A) + byte + 1) | 0;
    b = (Math.imul(b, BASE_B) + byte + 1) | 0;
    const count = counts[byte] ?? 0;
    counts[byte] = count + 1;
    if (count === 0) distinct++;
    if (end >= WINDOW_BYTES - 1 && distinct >= MIN_DISTINCT_BYTES) visit(end - WINDOW_BYTES + 1, a, b);
  }
}

function encodings(bytes: Uint8Array): Buffer[] {
  const raw = Buffer.from(bytes);
  const base64 = raw.toString('base64').replaceAll('=', '');
  const texts = [raw.toString('hex'), raw.toString('hex').toUpperCase(), base64, raw.toString('base64url')];
  const text = raw.toString('utf8');
  if (Buffer.from(text).equals(raw)) {
    texts.push(encodeURIComponent(text));
    return [raw, ...texts.map((t) => Buffer.from(t)), Buffer.from(text, 'utf16le')];
  }
  return [raw, ...texts.map((t) => Buffer.from(t))];
}
