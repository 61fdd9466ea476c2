import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distributionPicture } from '../../../../cli/picture/distribution-picture.ts';
import { toSvg } from '../../../../cli/picture/svg.ts';
import { topologyPicture } from '../../../../cli/picture/topology-picture.ts';
import { distributionOn, network } from './fixtures.ts';

const TAGS = new Set([
  'svg',
  'title',
  'desc',
  'style',
  'rect',
  'g',
  'path',
  'circle',
  'polygon',
  'text',
  'tspan',
]);

/** The names of all elements, in order; throws for what no XML parser would take. */
function elements(svg: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const rest = svg.replaceAll(
    /<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<]*")*)(\/?)>/g,
    (_, end, name: string, _attributes, empty) => {
      if (end === '/') {
        if (open.pop() !== name) throw new Error(`</${name}> closes nothing.`);
      } else {
        names.push(name);
        if (empty !== '/') open.push(name);
      }
      return '';
    },
  );
  if (open.length > 0 || /[<\p{Cs}\ufffe\uffff]|&(?!(?:amp|lt|gt|quot|#39);)/u.test(rest))
    throw new Error(`No XML: ${rest.slice(0, 80)}`);
  return names;
}

const fileOn = (relays: number, name: string, chunks: number): string => {
  const snapshot = network(relays, 5);
  return toSvg(
    distributionPicture({
      ...{ name, sizeBytes: chunks * 2 ** 20, memberWord: 'relay', nameOf: () => undefined },
      distribution: distributionOn(
        snapshot,
        Array.from({ length: chunks }, (_, i) => i % 6),
      ),
      places: new Map(snapshot.relays.map((relay) => [relay.id, relay])),
    }),
  );
};

describe('toSvg', () => {
  it.each([0, 1, 5, 15, 50, 300])(
    'is a file of its own for %d relays, with words for who cannot see it',
    (count) => {
      const svg = toSvg(topologyPicture(count === 0 ? { relays: [], links: [] } : network(count, 7)));
      expect(new Set(elements(svg)).difference(TAGS)).toEqual(new Set());
      expect(svg).toMatch(
        /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^>]*role="img" aria-labelledby="lanvault-title lanvault-desc">\n<title id="lanvault-title">/,
      );
      expect(svg).toContain('@media (prefers-color-scheme:dark)');
      expect(svg).not.toMatch(/NaN|undefined|Infinity|url\(|href/);
    },
  );

  it('counts the chunks of a large file by relay, so that it stays small', () => {
    const svg = fileOn(50, 'film.mp4', 1000);
    expect(svg.length).toBeLessThan(64 * 1024);
    expect(elements(svg).filter((name) => name === 'circle').length).toBeLessThan(60);
  });

  it('shows hostile names as text', () => {
    const svg = fileOn(6, '</title><script>alert(1)</script>&"\u202e]]>.svg', 3);
    expect(svg).not.toMatch(/<script|\u202e|\]\]>/);
    expect(svg).toContain('&lt;script&gt;');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        expect(new Set(elements(fileOn(4, name, 2))).difference(TAGS)).toEqual(new Set());
      }),
    );
    const long = fileOn(6, 'x'.repeat(255), 1);
    expect(Number(/width="(\d+)"/.exec(long)?.[1])).toBeLessThan(1000);
  });
});
