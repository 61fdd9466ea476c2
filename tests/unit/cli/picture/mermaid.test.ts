import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MERMAID_MAX_LINES, toMermaid } from '../../../../cli/picture/mermaid.ts';
import { FILE } from '../../../../cli/picture/picture.ts';
import type { Picture } from '../../../../cli/picture/picture.ts';
import { topologyPicture } from '../../../../cli/picture/topology-picture.ts';
import { network } from './fixtures.ts';

/** Every statement that is ever written, whatever the names. */
const STATEMENTS = [
  /^flowchart LR$/,
  /^ {2}acc(Title|Descr): [^#;{}"\n]*$/,
  /^ {2}file\(\["[^"\n]*"\]\):::file$/,
  /^ {2}subgraph h\d+\["[^"\n]*"\]$/,
  /^ {2}end$/,
  /^ {2,4}r\d+\["[^"\n]*"\]:::(good|idle|sole|silent)$/,
  /^ {2}(r\d+|file) (---|-\.-)(\|\d+\|)? r\d+$/,
  /^ {2}class r\d+ entry$/,
  /^ {2}classDef [a-z]+ [a-z#0-9:,-]+( \d)?$/,
  /^ {2}%% \d+ lines? left out: Mermaid draws 500 at most\.$/,
];

function strange(mermaid: string): string[] {
  const lines = mermaid.trimEnd().split('\n');
  return lines.filter((line) => !STATEMENTS.some((statement) => statement.test(line)));
}

function pictureOf(name: string): Picture {
  const relay = { id: 'a', address: name, name, figures: name, look: 'good', entry: true } as const;
  return {
    ...{ title: name, description: name, file: { name, figures: name }, copies: [], legend: [] },
    hosts: [{ name, relays: [relay, { ...relay, id: 'b', entry: false }] }],
    lines: [{ from: FILE, to: 'a', weight: 1, dashed: false, label: '3' }],
  };
}

describe('toMermaid', () => {
  it('draws relays in the boxes of their hosts, and links', () => {
    const mermaid = toMermaid(topologyPicture(network(5, 2)));
    expect(strange(mermaid)).toEqual([]);
    expect(mermaid.match(/subgraph/g)).toHaveLength(2);
    expect(mermaid).toContain('    r0["10.0.0.0:8000<br/>0 chunks, 0 B"]:::good');
    expect(mermaid).toContain('  r0 --- r3');
    expect(mermaid).toContain('  r0 -.- r1');
    expect(mermaid).toContain('  class r0 entry');
  });

  it('lets no name be anything but a name', () => {
    const mermaid = toMermaid(
      pictureOf('"]; click r0 "javascript:alert(1)"\n%% <b>`x`</b> #quot; _i_ 1. a - b'),
    );
    expect(strange(mermaid)).toEqual([]);
    expect(mermaid).toContain('#34;#93;#59; click r0 #34;javascript:alert(1)#34;');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (name) => {
        expect(strange(toMermaid(pictureOf(name)))).toEqual([]);
      }),
    );
    expect(toMermaid(pictureOf('a\u202eb'))).toContain('["a#65533;b<br/>');
    // Letters of all scripts stay readable.
    expect(toMermaid(pictureOf('写真 été_1.jpg'))).toContain('["写真 été_1.jpg<br/>');
  });

  it('leaves out what Mermaid would refuse to draw, and says so', () => {
    const { relays } = network(600, 1);
    const links = relays
      .slice(1)
      .flatMap(({ id }, i) => [
        { a: relays[0]?.id ?? '', b: id, mesh: false },
        ...(i < 450 ? [{ a: relays[i]?.id ?? '', b: id, mesh: true }] : []),
      ]);
    const mermaid = toMermaid(topologyPicture({ relays, links }));
    expect(mermaid.match(/ (---|-\.-) /g)).toHaveLength(MERMAID_MAX_LINES);
    expect(mermaid.match(/ --- /g)).toHaveLength(450);
    expect(mermaid).toContain(`%% ${links.length - MERMAID_MAX_LINES} lines left out`);
  });
});
