import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { previewKind } from '../../../../web/state/preview-kind.ts';

const kind = (name: string, type: string): ReturnType<typeof previewKind> => previewKind({ name, type });

describe('previewKind', () => {
  it.each([
    ['a.png', 'image/png', 'image'],
    ['a.jpg', 'IMAGE/JPEG', 'image'],
    ['a.mp4', 'video/mp4', 'video'],
    ['a.ogg', 'audio/ogg; codecs=opus', 'audio'],
    ['a.pdf', 'application/pdf', 'pdf'],
    ['a.txt', 'text/plain;charset=utf-8', 'text'],
    ['a.json', 'application/json', 'text'],
    ['notes.md', '', 'text'],
    ['dir.d/Makefile', 'application/octet-stream', 'text'],
    ['main.ts', 'video/mp2t', 'text'],
  ])('%s of type %s: %s', (name, type, expected) => {
    expect(kind(name, type)).toBe(expected);
  });

  it.each([
    ['page.html', 'text/html'],
    ['drawing.svg', 'image/svg+xml'],
    ['feed.xml', 'application/xml'],
  ])('shows the markup of %s (%s) as text only', (name, type) => {
    expect(kind(name, type)).toBe('text');
  });

  it.each([
    ['page.xhtml', 'application/xhtml+xml'],
    ['evil.pdf', 'application/octet-stream'],
    ['evil.png', 'image/x-unknown'],
    ['a.pdf', 'application/pdfx'],
    ['a.zip', 'application/zip'],
    ['a', ''],
  ])('offers only the download of %s (%s)', (name, type) => {
    expect(kind(name, type)).toBeNull();
  });

  it('never shows as a document what is not exactly PDF', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, type) => {
        fc.pre(type.split(';', 1)[0]?.trim().toLowerCase() !== 'application/pdf');
        expect(kind(name, type)).not.toBe('pdf');
      }),
    );
  });
});
