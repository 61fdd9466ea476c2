import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../shared/bytes.ts';
import { MAX_JSON_DEPTH } from '../../../../shared/limits.ts';
import { parseJson, parseJsonWith } from '../../../../shared/protocol/schemas.ts';
import { parsePart } from '../../../../shared/vault/index-payload.ts';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const inObjects = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

describe('JSON of others', () => {
  it('nests as deep as it may, and no deeper: whoever writes it again would overflow the stack', () => {
    expect(parseJson(nested(MAX_JSON_DEPTH), 'A text')).toBeInstanceOf(Array);
    for (const text of [nested(MAX_JSON_DEPTH + 1), inObjects(MAX_JSON_DEPTH + 1), nested(200_000)])
      expect(() => parseJson(text, 'A text')).toThrow(/^A text nests deeper than 32 levels\.$/);
  });

  it('is refused also where the schema does not look', () => {
    const schema = Type.Object({ known: Type.Integer() });
    expect(() => parseJsonWith(schema, `{"known":1,"unknown":${nested(50_000)}}`, 'A message')).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    );
  });

  it('does not reach a vault, which keeps fields that it does not know', () => {
    const entry = {
      id: '00'.repeat(16),
      kind: 'folder',
      place: { at: [1, '01'.repeat(16)], parent: null, name: 'a' },
    };
    const part = (more: string): Uint8Array =>
      utf8(`{"kind":"vault-index-part","entries":[${JSON.stringify(entry).slice(0, -1)},"more":${more}}]}`);
    expect(parsePart(part('[[1]]'))).toMatchObject([{ more: [[1]] }]);
    expect(() => parsePart(part(nested(20_000)))).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});
