import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderFromAddress, folderHref } from '../../../../web/state/folder-address.ts';

const restOf = (href: string): string => href.replace(/^#\/files\/?/, '');

describe('the address of a folder', () => {
  it('is readable, and the top has none of its own', () => {
    expect(folderHref('')).toBe('#/files');
    expect(folderHref('holiday/2026')).toBe('#/files/holiday/2026');
    expect(folderHref('50% off/#1?')).toBe('#/files/50%25%20off/%231%3F');
  });

  it('leads back to every folder', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !text.includes('/') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), (names) => {
        expect(folderFromAddress(restOf(folderHref(names.join('/'))))).toBe(names.join('/'));
      }),
    );
  });

  it('is the top for what is no path', () => {
    expect(folderFromAddress('%E0%A4%A')).toBe('');
    expect(folderFromAddress('//')).toBe('');
  });
});
