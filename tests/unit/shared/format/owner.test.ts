import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toBase64Url, utf8 } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { AppError } from '../../../../shared/errors.ts';
import {
  formatOwnerLink,
  formatOwnerWebFragment,
  isOwnerLink,
  parseAnyLink,
  parseLink,
} from '../../../../shared/format/capability.ts';
import type { OwnerLink } from '../../../../shared/format/capability.ts';
import { openPayload, parsePayload } from '../../../../shared/format/capability-payload.ts';
import { DeletionRights, formatRight } from '../../../../shared/format/deletion-rights.ts';
import { computeManifestId, parseManifest, serializeManifest } from '../../../../shared/format/manifest.ts';
import type { ParsedManifest } from '../../../../shared/format/manifest.ts';
import { loadOwner, storeOwner } from '../../../../shared/format/owner-payload.ts';
import type { OwnedPayload } from '../../../../shared/format/owner-payload.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import { MAX_CAPABILITY_PAYLOAD_BYTES } from '../../../../shared/limits.ts';
import { codeOf, loadTestXz, readVectors } from '../support/vectors.ts';

const vector = (await readVectors('owner')) as {
  manifest: { deletions: string[] } & Record<string, unknown>;
  canonical_sha256: string;
  rights: string[];
  link: string;
  web_link: string;
  ids: string[];
  chunks: Record<string, string>;
};
const sha256 = (...parts: Uint8Array[]): Bytes =>
  new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest());
const random = (): Bytes => new Uint8Array(randomBytes(32));
const parse = (value: unknown): Promise<ParsedManifest> => parseManifest([utf8(JSON.stringify(value))]);
const idsOf = (rights: DeletionRights | null): string[] => [...(rights ?? [])].map(({ id }) => id);

let xz: XzCodec;
beforeAll(async () => {
  xz = await loadTestXz();
});

describe('an owner’s manifest', () => {
  it('has the id of the reader’s, and its rights are those to its chunks', async () => {
    const manifest = await parse(vector.manifest);
    expect(idsOf(manifest.rights)).toEqual(vector.ids.slice(0, 3));
    expect(await computeManifestId(manifest)).toBe(vector.canonical_sha256);
    const { deletions, ...readers } = vector.manifest;
    expect(deletions).toHaveLength(3);
    const reader = await parse(readers);
    expect([await computeManifestId(reader), reader.rights]).toEqual([vector.canonical_sha256, null]);
  });

  it('is written as it was read, and a reader’s copy of it has no rights', async () => {
    const manifest = await parse(vector.manifest);
    const textOf = async (rights: DeletionRights | null): Promise<unknown> => {
      const parts: Uint8Array[] = [];
      for await (const part of serializeManifest(manifest, rights)) parts.push(part);
      return JSON.parse(Buffer.concat(parts).toString('utf8'));
    };
    expect(await textOf(manifest.rights)).toEqual(vector.manifest);
    expect(await textOf(null)).not.toHaveProperty('deletions');
    // What leads to the file comes after its chunks.
    manifest.rights?.append({ token: random(), bodyHash: random() });
    expect((await parse(await textOf(manifest.rights))).rights?.length).toBe(4);
  });

  it.each([
    ['none of one chunk', (rights: string[]) => rights.slice(1)],
    ['another order', (rights: string[]) => rights.toReversed()],
    [
      'a token that is not the chunk’s',
      (rights: string[]) => [
        toBase64Url(random()).slice(0, 40) + (rights[0] ?? '').slice(40),
        ...rights.slice(1),
      ],
    ],
    ['a short one', (rights: string[]) => [...rights, 'AAAA']],
    ['no text', (rights: string[]) => [...rights, 7]],
    ['a list in the list', (rights: string[]) => [...rights, ['x']]],
    ['no list', () => 'yes'],
    ['an object', () => ({})],
    ['null', () => null],
  ])('is refused with %s', async (_what, change) => {
    const hostile = { ...vector.manifest, deletions: change(vector.rights) };
    expect(await codeOf(parse(hostile))).toBe('CORRUPT');
  });

  it('is refused when it names them twice, wherever they stand', async () => {
    const text = JSON.stringify(vector.manifest);
    const rights = JSON.stringify(vector.rights);
    expect(await codeOf(parseManifest([utf8(`${text.slice(0, -1)},"deletions":${rights}}`)]))).toBe(
      'CORRUPT',
    );
    const { deletions, ...rest } = vector.manifest;
    expect((await parse({ deletions, ...rest })).rights?.length).toBe(3);
  });
});

describe('an owner’s link', () => {
  const link = parseAnyLink(vector.link);
  if (!isOwnerLink(link)) throw new Error('The vector is an owner’s link.');

  function fetchFrom(chunks: Readonly<Record<string, string>>) {
    return async (part: OwnerLink): Promise<OwnedPayload> => {
      const chunk = fromHex(chunks[part.id] ?? '');
      return { payload: await openPayload(part, chunk, xz), bodyHash: sha256(chunk.subarray(32)) };
    };
  }

  it('has two forms, which a reader’s parser refuses', () => {
    expect(formatOwnerLink(link)).toBe(vector.link);
    expect(vector.web_link.endsWith(`/${formatOwnerWebFragment(link)}`)).toBe(true);
    expect(parseAnyLink(` ${vector.web_link}\n`)).toEqual(link);
    expect(() => parseLink(vector.link)).toThrow(AppError);
    const reader = vector.link.slice(0, -44);
    expect(isOwnerLink(parseAnyLink(reader))).toBe(false);
    for (const broken of [vector.link.slice(0, -1), `${vector.link}.${'A'.repeat(43)}`, `${vector.link}A`])
      expect(() => parseAnyLink(broken)).toThrow(AppError);
  });

  it('leads to the rights to the file, to its manifest’s chunks and to its own', async () => {
    const { manifest, rights } = await loadOwner(link, fetchFrom(vector.chunks));
    expect(idsOf(rights)).toEqual(vector.ids);
    const chunk = fromHex(vector.chunks[manifest.id] ?? '');
    const { fields } = parsePayload(await openPayload(manifest, chunk, xz));
    expect(fields.get('filename')).toBe('owned.bin');
  });

  it('says that its end is missing when it is opened without', async () => {
    const payload = await openPayload(link, fromHex(vector.chunks[link.id] ?? ''), xz);
    expect(() => parsePayload(payload)).toThrow(expect.objectContaining({ code: 'CORRUPT' }) as Error);
  });

  it.each([1, 8000, 8001, 20_000])('comes back from what it was stored as, with %i rights', async (count) => {
    const rights = new DeletionRights();
    for (let i = 0; i < count; i++)
      rights.append({ token: sha256(utf8(`t${i}`)), bodyHash: sha256(utf8(`b${i}`)) });
    const stored = new Map<string, Bytes>();
    const store = (payload: Bytes): Promise<OwnerLink> => {
      expect(payload.length).toBeLessThanOrEqual(MAX_CAPABILITY_PAYLOAD_BYTES);
      const id = parseChunkId(createHash('sha256').update(payload).digest('hex'));
      stored.set(id, payload);
      return Promise.resolve({ id, key: random(), token: random() });
    };
    const reader = { id: parseChunkId('ab'.repeat(32)), key: random() };
    const owner = await storeOwner(reader, rights, store);
    const loaded = await loadOwner(owner, ({ id }) =>
      Promise.resolve({ payload: stored.get(id) ?? new Uint8Array(0), bodyHash: random() }),
    );
    expect(loaded.manifest).toEqual(reader);
    // Each payload's own right follows.
    expect(loaded.rights.length).toBe(count + stored.size);
    for (const index of [0, Math.floor(count / 2), count - 1])
      expect(loaded.rights.at(index)).toEqual(rights.at(index));
  });

  it('whatever it leads to, it gives a value or says what is wrong', async () => {
    const text = fc.oneof(
      fc.json(),
      fc
        .record({ kind: fc.constantFrom('owner', 'deletions', 'x'), deletions: fc.jsonValue() })
        .map((v) => JSON.stringify(v)),
      fc
        .record({
          kind: fc.constant('owner'),
          manifest: fc.constantFrom(vector.link, 'lanvault:', 3),
          parts: fc.array(fc.constantFrom(vector.link, 'x', null)),
        })
        .map((v) => JSON.stringify(v)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (payload) => {
        try {
          await loadOwner(link, () => Promise.resolve({ payload: utf8(payload), bodyHash: random() }));
        } catch (cause) {
          expect(cause).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

it('a right’s text is 86 characters', () => {
  expect(formatRight({ token: random(), bodyHash: random() })).toHaveLength(86);
});
