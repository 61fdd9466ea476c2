import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isolationHeaders, safeContentType } from '../../../../web/sw/safe-content-type.ts';

/** MIME Sniffing §4.6 and what browsers add: everything that a navigation would run script from. */
const ACTIVE =
  /html|xml|svg|javascript|ecmascript|json|multipart|x-shockwave|x-java|wasm|css|mhtml|x-mixed-replace|ms-/i;

describe('safeContentType', () => {
  it.each([
    ['video/mp4', 'video/mp4'],
    ['VIDEO/MP4; codecs="avc1"', 'video/mp4'],
    ['audio/mpeg', 'audio/mpeg'],
    ['image/png', 'image/png'],
    ['application/pdf', 'application/pdf'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['text/html', 'text/plain; charset=utf-8'],
    ['text/javascript', 'text/plain; charset=utf-8'],
    ['application/javascript', 'text/plain; charset=utf-8'],
    ['application/json', 'text/plain; charset=utf-8'],
    ['application/xhtml+xml', 'text/plain; charset=utf-8'],
    ['image/svg+xml', 'text/plain; charset=utf-8'],
    ['application/xml', 'text/plain; charset=utf-8'],
    ['application/zip', 'application/octet-stream'],
    ['application/wasm', 'application/octet-stream'],
    ['multipart/x-mixed-replace', 'application/octet-stream'],
    ['', 'application/octet-stream'],
    ['text', 'application/octet-stream'],
    ['video/mp4\r\nset-cookie: a=b', 'application/octet-stream'],
    ['image/png, text/html', 'application/octet-stream'],
  ])('%j is served as %j', (type, expected) => {
    expect(safeContentType(type)).toBe(expected);
  });

  it('never gives an active type, and always a valid header', () => {
    const type = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('text', 'image', 'video', 'audio', 'application'), fc.string())
        .map((p) => p.join('/')),
      fc.constantFrom('image/svg', 'image/SVG+XML', 'audio/x+xml', 'video/html', 'image/foo+xml'),
    );
    fc.assert(
      fc.property(type, (claimed) => {
        const served = safeContentType(claimed);
        new Headers({ 'content-type': served });
        const essence = served.split(';')[0] ?? '';
        if (/^(?:image|application)\//.test(essence)) expect(essence).not.toMatch(ACTIVE);
        expect(essence).toMatch(/^(?:audio|video|image)\/|^text\/plain$|^application\/(?:pdf|octet-stream)$/);
      }),
    );
  });
});

describe('isolationHeaders', () => {
  it('sandboxes and forbids sniffing', () => {
    const headers = isolationHeaders('video/mp4');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/);
    expect(headers['content-security-policy']).not.toMatch(/allow-|script-src/);
  });

  it('leaves the browser its PDF viewer', () => {
    expect(isolationHeaders('application/pdf')['content-security-policy']).not.toContain('sandbox');
  });
});
