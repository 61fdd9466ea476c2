/** The `Range` request header (RFC 9110 §14.1.2, §14.2) against a file of known size. */

/** What to answer: everything, one part (`end` exclusive), or 416. */
export type RangeDecision =
  | { readonly kind: 'full' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const FULL: RangeDecision = { kind: 'full' };
/** More specs than any player sends; a longer list is ignored like a malformed one. */
const MAX_RANGES = 16;

/**
 * Decides how to answer `header` for a representation of `sizeBytes`.
 * A malformed header and other units are ignored (full); so is a set of several satisfiable ranges, which §14.2
 * allows: nothing that reads streams asks for multipart. Ends past the file are clamped.
 */
export function decideRange(header: string | null, sizeBytes: number): RangeDecision {
  if (header === null) return FULL;
  const set = /^bytes=(.*)$/i.exec(header.trim())?.[1];
  if (set === undefined) return FULL;
  const specs = set
    .split(',')
    .map((spec) => spec.trim())
    // §5.6.1: a list may hold empty elements.
    .filter((spec) => spec !== '');
  if (specs.length === 0 || specs.length > MAX_RANGES) return FULL;

  const parts: { start: number; end: number }[] = [];
  for (const spec of specs) {
    const range = parseSpec(spec);
    if (range === null) return FULL;
    const part = 'suffix' in range ? resolveSuffix(range.suffix, sizeBytes) : resolve(range, sizeBytes);
    if (part !== null) parts.push(part);
  }
  const [only] = parts;
  if (only === undefined) return { kind: 'unsatisfiable' };
  // Zero bytes have no Content-Range: the end of an empty file is all of it.
  if (parts.length > 1 || only.start === only.end) return FULL;
  return { kind: 'part', ...only };
}

type Spec = { readonly suffix: bigint } | { readonly first: bigint; readonly last: bigint | null };

/** `first-last`, `first-` or `-suffix`; null when malformed. BigInt, since digits have no bound. */
function parseSpec(spec: string): Spec | null {
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
  if (first === '') return last === '' ? null : { suffix: BigInt(last) };
  const range = { first: BigInt(first), last: last === '' ? null : BigInt(last) };
  return range.last !== null && range.last < range.first ? null : range;
}

function resolveSuffix(suffix: bigint, sizeBytes: number): { start: number; end: number } | null {
  if (suffix === 0n) return null;
  return { start: suffix >= BigInt(sizeBytes) ? 0 : sizeBytes - Number(suffix), end: sizeBytes };
}

function resolve(
  { first, last }: { first: bigint; last: bigint | null },
  sizeBytes: number,
): { start: number; end: number } | null {
  if (first >= BigInt(sizeBytes)) return null;
  const end = last === null || last >= BigInt(sizeBytes) ? sizeBytes : Number(last) + 1;
  return { start: Number(first), end };
}
