import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatPercent, formatSpeed } from '../../../../web/ui/format/bytes.ts';
import { formatDate, formatFullDate } from '../../../../web/ui/format/date.ts';
import { formatDuration } from '../../../../web/ui/format/duration.ts';
import { fileCategory } from '../../../../web/ui/format/file-category.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [10_239, '10.0 KiB'],
    [1_047_552, '1023 KiB'],
    [1_048_575, '1.00 MiB'],
    [1_048_576, '1.00 MiB'],
    [104_857_600, '100 MiB'],
    [2_147_483_648, '2.00 GiB'],
    [1024 ** 4, '1.00 TiB'],
    [5000 * 1024 ** 4, '5000 TiB'],
    [-1, '–'],
    [Number.NaN, '–'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('never shows 1024 of a unit that has a larger one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1024 ** 4, noNaN: true }), (bytes) => {
        expect(formatBytes(bytes)).not.toMatch(/^1024 (B|KiB|MiB|GiB)$/);
      }),
    );
  });

  it('gives speeds per second', () => {
    expect(formatSpeed(1_572_864)).toBe('1.50 MiB/s');
  });
});

describe('formatPercent', () => {
  it.each([
    [0, '0%'],
    [0.999, '99%'],
    [1, '100%'],
    [2, '100%'],
    [-1, '0%'],
  ])('%d is %s', (fraction, text) => {
    expect(formatPercent(fraction)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '1 s'],
    [59.4, '59 s'],
    [59.5, '1 min'],
    [150, '3 min'],
    [3569, '59 min'],
    [3570, '1 h 00 min'],
    [3900, '1 h 05 min'],
    [86_000, '23 h 53 min'],
    [100_000, 'more than a day'],
    [Number.POSITIVE_INFINITY, '–'],
    [-5, '–'],
  ])('%d s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('formatDate', () => {
  const now = new Date(2026, 10, 23, 12, 0);

  it('shows the time for today, the year only for other years', () => {
    expect(formatDate(new Date(2026, 10, 23, 9, 5).toISOString(), now)).toMatch(/^Today, .*0?9.05/);
    expect(formatDate(new Date(2026, 2, 4, 9, 5).toISOString(), now)).not.toContain('2026');
    expect(formatDate(new Date(2024, 2, 4, 9, 5).toISOString(), now)).toContain('2024');
  });

  it('does not fail on what others wrote', () => {
    expect(formatDate('yesterday')).toBe('–');
    expect(formatFullDate('')).toBe('Unknown date');
  });
});

describe('fileCategory', () => {
  it.each([
    ['a.jpg', 'image/jpeg', 'image'],
    ['a.mkv', '', 'video'],
    ['a.PDF', '', 'pdf'],
    ['a', 'application/pdf', 'pdf'],
    ['a.tar.xz', 'application/x-xz', 'archive'],
    ['main.rs', 'text/plain', 'code'],
    ['readme', 'text/plain', 'text'],
    ['constructor', '', 'other'],
    ['a.__proto__', '', 'other'],
  ])('%s (%s) is %s', (name, type, category) => {
    expect(fileCategory({ name, type })).toBe(category);
  });
});
