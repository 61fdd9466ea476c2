import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRange } from '../../../../web/sw/byte-range.ts';

const full = { kind: 'full' };
const unsatisfiable = { kind: 'unsatisfiable' };
const part = (start: number, end: number) => ({ kind: 'part', start, end });

describe('decideRange', () => {
  // RFC 9110 §14.1.2 gives these examples for a representation of 10,000 bytes.
  it.each([
    ['bytes=0-499', part(0, 500)],
    ['bytes=500-999', part(500, 1000)],
    ['bytes=-500', part(9500, 10_000)],
    ['bytes=9500-', part(9500, 10_000)],
    ['bytes=0-0', part(0, 1)],
    ['bytes=-1', part(9999, 10_000)],
    ['bytes=0-0,-1', full],
    ['bytes= 0-999, 4500-5499, -1000', full],
  ])('%s of 10,000', (header, expected) => {
    expect(decideRange(header, 10_000)).toEqual(expected);
  });

  it.each([
    ['no header', null, full],
    ['the end is clamped', 'bytes=9000-99999999999999999999', part(9000, 10_000)],
    ['a suffix longer than the file is all of it', 'bytes=-20000', part(0, 10_000)],
    ['the first byte past the end', 'bytes=10000-', unsatisfiable],
    ['far past the end', 'bytes=99999999999999999999-', unsatisfiable],
    ['an empty suffix', 'bytes=-0', unsatisfiable],
    ['one of two lies outside', 'bytes=20000-,5-9', part(5, 10)],
    ['both lie outside', 'bytes=20000-,-0', unsatisfiable],
    ['empty list elements', 'bytes=,5-9,', part(5, 10)],
    ['the unit in capitals', 'BYTES=5-9', part(5, 10)],
    ['another unit', 'items=0-1', full],
    ['last before first', 'bytes=9-5', full],
    ['last before first, beyond what doubles tell apart', 'bytes=9007199254740993-9007199254740992', full],
    ['no digits', 'bytes=-', full],
    ['no dash', 'bytes=5', full],
    ['signs', 'bytes=+5-9', full],
    ['blanks inside', 'bytes=5 - 9', full],
    ['one bad spec spoils the set', 'bytes=0-1,x', full],
    ['nothing', 'bytes=', full],
    ['more ranges than anybody needs', `bytes=${Array.from({ length: 17 }, () => '0-1').join()}`, full],
  ])('%s', (_name, header, expected) => {
    expect(decideRange(header, 10_000)).toEqual(expected);
  });

  it('an empty file has no satisfiable range but its end', () => {
    expect(decideRange('bytes=0-', 0)).toEqual(unsatisfiable);
    expect(decideRange('bytes=-5', 0)).toEqual(full);
  });

  it('selects the bytes that a byte-by-byte reading of the RFC selects', () => {
    const edge = fc.nat(40);
    const spec = fc.oneof(
      fc.tuple(edge, edge).map(([first, last]) => `${first}-${last}`),
      edge.map((first) => `${first}-`),
      edge.map((suffix) => `-${suffix}`),
    );
    fc.assert(
      fc.property(spec, fc.integer({ min: 1, max: 30 }), (text, sizeBytes) => {
        const decision = decideRange(`bytes=${text}`, sizeBytes);
        const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(text) ?? [];
        if (first !== '' && last !== '' && Number(last) < Number(first)) {
          expect(decision).toEqual(full);
          return;
        }
        const selected = Array.from({ length: sizeBytes }, (_, i) => i).filter((i) =>
          first === ''
            ? i >= sizeBytes - Number(last)
            : i >= Number(first) && (last === '' || i <= Number(last)),
        );
        const bytesOf = decision.kind === 'part' ? range(decision.start, decision.end) : [];
        expect(bytesOf).toEqual(selected);
        expect(decision.kind).toBe(selected.length === 0 ? 'unsatisfiable' : 'part');
      }),
      { numRuns: 2000 },
    );
  });

  it('stays within the file whatever the header holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, sizeBytes) => {
        const decision = decideRange(`bytes=${text}`, sizeBytes);
        if (decision.kind !== 'part') return;
        expect(decision.start).toBeGreaterThanOrEqual(0);
        expect(decision.start).toBeLessThan(decision.end);
        expect(decision.end).toBeLessThanOrEqual(sizeBytes);
      }),
    );
  });
});

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
