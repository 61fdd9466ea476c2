import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseName, contentDisposition } from '../../../../web/sw/content-disposition.ts';

/** Any UTF-16, lone surrogates and controls included. */
const anyName = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));

describe('contentDisposition', () => {
  it('is RFC 6266 with the RFC 8187 form for browsers and an ASCII fallback', () => {
    // The name is the example of RFC 8187 §3.2.3.
    expect(contentDisposition('attachment', '£ and € rates')).toBe(
      `attachment; filename="_ and _ rates"; filename*=UTF-8''%C2%A3%20and%20%E2%82%AC%20rates`,
    );
  });

  it.each([
    ['a"b\\c.txt', `inline; filename="c.txt"; filename*=UTF-8''c.txt`],
    [
      'say "hi" 100%.txt',
      `inline; filename="say _hi_ 100_.txt"; filename*=UTF-8''say%20%22hi%22%20100%25.txt`,
    ],
    ["it's (1)*.txt", `inline; filename="it's (1)*.txt"; filename*=UTF-8''it%27s%20%281%29%2A.txt`],
  ])('%j', (name, expected) => {
    expect(contentDisposition('inline', name)).toBe(expected);
  });

  it('any name gives one valid header that decodes to that name', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const header = contentDisposition('attachment', name);
        expect(new Headers({ 'content-disposition': header }).get('content-disposition')).toBe(header);
        const grammar =
          /^attachment; filename="([\x20\x21\x23-\x5b\x5d-\x7e]+)"; filename\*=UTF-8''((?:%[0-9A-F]{2}|[A-Za-z0-9!#$&+.^_`|~-])+)$/;
        const [, , encoded = ''] = grammar.exec(header) ?? [];
        expect(decodeURIComponent(encoded)).toBe(baseName(name));
      }),
    );
  });
});

describe('baseName', () => {
  it.each([
    ['folder/deep/a.txt', 'a.txt'],
    ['C:\\windows\\a.txt', 'a.txt'],
    ['../../etc/passwd', 'passwd'],
    ['a/..', 'file'],
    ['', 'file'],
    ['a\r\nb\u0000.txt', 'ab.txt'],
    ['photo\u202Egpj.exe', 'photogpj.exe'],
    ['half \ud83d pair', 'half  pair'],
  ])('%j is saved as %j', (path, expected) => {
    expect(baseName(path)).toBe(expected);
  });
});
