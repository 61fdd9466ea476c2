import { describe, expect, it } from 'vitest';
import { formatBytes, formatSeconds, plural } from '../../../cli/text.ts';

describe('text', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [150 * 1024, '150 KiB'],
    [2 ** 31, '2.0 GiB'],
    [2 ** 60, '1048576 TiB'],
  ])('writes %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, '0.1 s'],
    [0.04, '0.1 s'],
    [0.23, '0.2 s'],
    [0.97, '1 s'],
    [59.4, '59 s'],
    [75, '1 min 15 s'],
    [7260, '2 h 1 min'],
  ])('writes %d seconds as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

  it('counts', () => {
    expect(plural(1, 'chunk')).toBe('1 chunk');
    expect(plural(3, 'chunk')).toBe('3 chunks');
  });
});
