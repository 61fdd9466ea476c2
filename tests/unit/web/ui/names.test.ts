import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayName, middleEllipsis, safeName } from '../../../../web/ui/format/names.ts';

describe('safeName', () => {
  it('makes direction overrides, controls and invisible characters visible', () => {
    expect(safeName('invoice\u202efdp.exe')).toBe('invoice\ufffdfdp.exe');
    expect(safeName('a\u0000b\nc\u2066d\u200be\ufefff\u2028g')).toBe(
      'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg',
    );
  });

  it('leaves letters, emoji families and scripts that need joiners alone', () => {
    for (const name of ['Größe (1).txt', '👩‍👩‍👧.png', 'می‌خواهم.txt', '写真.jpg'])
      expect(safeName(name)).toBe(name);
  });

  it('leaves nothing that changes direction', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(safeName(name)).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('displayName', () => {
  it('separates the folder', () => {
    expect(displayName('a/b/c.txt')).toEqual({ folder: 'a/b/', start: 'c.txt', end: '', full: 'a/b/c.txt' });
  });

  it('keeps the end of long names apart, with the extension', () => {
    const shown = displayName('A very long name of a report, final version.pdf');
    expect(shown.end).toBe('ersion.pdf');
    expect(shown.start + shown.end).toBe('A very long name of a report, final version.pdf');
  });

  it('does not cut through a grapheme', () => {
    const family = '👩‍👩‍👧';
    const shown = displayName(family.repeat(30));
    expect(shown.start.length % family.length).toBe(0);
    expect(shown.end.length % family.length).toBe(0);
  });

  it('does not cut right-to-left names', () => {
    const name = 'תמונה ארוכה מאוד מהחופשה האחרונה שלנו.jpg';
    expect(displayName(name)).toMatchObject({ start: name, end: '' });
  });

  it('loses nothing of any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const { folder, start, end, full } = displayName(name);
        expect(folder + start + end).toBe(full);
        expect(full).toBe(safeName(name));
      }),
    );
  });
});

describe('middleEllipsis', () => {
  it.each([
    ['short.txt', 20, 'short.txt'],
    ['abcdefghij', 10, 'abcdefghij'],
    ['abcdefghijk', 10, 'abcde…hijk'],
    ['abcdefghijk', 3, 'a…k'],
    ['abc', 1, '…'],
  ])('%s in %i: %s', (name, max, text) => {
    expect(middleEllipsis(name, max)).toBe(text);
  });

  it('keeps the bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.integer({ min: 1, max: 40 }), (name, max) => {
        expect(middleEllipsis(name, max).length).toBeLessThanOrEqual(Math.max(max, 1));
      }),
    );
  });
});
