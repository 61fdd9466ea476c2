import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifestId } from '../../../../shared/ids.ts';
import { STREAM_VERSION, formatStreamUrl, parseStreamUrl } from '../../../../web/engine/stream-url.ts';

const ID = parseManifestId('0f'.repeat(32));
const ORIGIN = 'http://localhost:8888';

describe('stream URLs', () => {
  it('name the file, the version and whether to download', () => {
    expect(formatStreamUrl(ID, 'films/a b.mp4', false)).toBe(`/stream/${ID}/a%20b.mp4?v=${STREAM_VERSION}`);
    expect(formatStreamUrl(ID, 'x', true)).toBe(`/stream/${ID}/x?v=${STREAM_VERSION}&download=1`);
  });

  it('are read back whatever the name', () => {
    const anyName = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(anyName, fc.boolean(), (name, download) => {
        const base = name.split('/').pop() ?? '';
        fc.pre(base !== '.' && base !== '..');
        const url = new URL(formatStreamUrl(ID, name, download), ORIGIN);
        expect(url.origin).toBe(ORIGIN);
        expect(parseStreamUrl(url)).toEqual({
          ...{ manifestId: ID, download, version: STREAM_VERSION },
          name: base.replace(/\p{Cs}/gu, '\ufffd'),
        });
      }),
    );
  });

  it.each(['/', '/chunk/0', '/stream/', '/stream/xyz/a', `/stream/${'0F'.repeat(32)}/a`, `/streams/${ID}/a`])(
    '%s is none',
    (path) => {
      expect(parseStreamUrl(new URL(path, ORIGIN))).toBeNull();
    },
  );

  it.each([
    ['', null],
    ['?v=7', 7],
    ['?v=1e3', null],
    ['?v=', null],
  ])('the version of %j is %j', (query, version) => {
    expect(parseStreamUrl(new URL(`/stream/${ID}/a${query}`, ORIGIN))?.version).toBe(version);
  });
});
