import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { BACKENDS } from '../../../../shared/crypto/backend.ts';
import { AppError } from '../../../../shared/errors.ts';
import { formatLink, formatWebFragment, parseLink } from '../../../../shared/format/capability.ts';
import type { CapabilityLink } from '../../../../shared/format/capability.ts';
import { loadManifest, storeManifest } from '../../../../shared/format/capability-manifest.ts';
import { openPayload, parsePayload, sealPayload } from '../../../../shared/format/capability-payload.ts';
import { ChunkTable, computeManifestId, parseManifest } from '../../../../shared/format/manifest.ts';
import type { PackedManifest } from '../../../../shared/format/manifest.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import {
  BLOCK_BYTES,
  MAX_CAPABILITY_PAYLOADS,
  MAX_CAPABILITY_PAYLOAD_BYTES,
} from '../../../../shared/limits.ts';
import { codeOf, loadTestXz, readVectors } from '../support/vectors.ts';

const vector = (await readVectors('capability')) as {
  id: string;
  key: string;
  link: string;
  web_link: string;
  chunk: string;
  manifest: object;
};
const random = (length: number): Bytes => new Uint8Array(randomBytes(length));
const idOf = (text: string): string => createHash('sha256').update(text).digest('hex');

let xz: XzCodec;
beforeAll(async () => {
  xz = await loadTestXz();
});

describe('links', () => {
  test('both forms are those of the vector', () => {
    for (const text of [vector.link, vector.web_link, `  ${vector.link}\n`]) {
      const link = parseLink(text);
      expect([link.id, toHex(link.key)]).toEqual([vector.id, vector.key]);
      expect(formatLink(link)).toBe(vector.link);
      expect(vector.web_link.endsWith(formatWebFragment(link))).toBe(true);
    }
  });

  const key = vector.link.slice(-43);
  test.each([
    '',
    'lanvault:',
    vector.link.slice(0, -1),
    `${vector.link}A`,
    `${vector.link}=`,
    vector.link.toUpperCase(),
    vector.link.replace('#', '.'),
    vector.link.replace('lanvault:', 'lanvault://'),
    `lanvault:${vector.id}#${key.slice(0, 42)}B`,
    `http://localhost/open/${vector.id}.${key}`,
    `lanvault:${'g'.repeat(64)}#${key}`,
  ])('%j is BAD_INPUT', (text) => {
    expect(() => parseLink(text)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  test('an error never quotes the link', () => {
    try {
      parseLink(`${vector.link}A`);
    } catch (error) {
      expect(String(error)).not.toContain(key);
    }
    expect.assertions(1);
  });

  test('any id and key come back, any text is a link or an AppError', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(bytes, bytes, fc.string(), (id, secret, junk) => {
        const link = { id: parseChunkId(toHex(id)), key: new Uint8Array(secret) };
        expect(parseLink(formatLink(link))).toEqual(link);
        expect(parseLink(`https://x.example/y?z${formatWebFragment(link)}`)).toEqual(link);
        expect(() => parseLink(junk)).toThrow(AppError);
      }),
    );
  });
});

describe.each(BACKENDS)('payloads, %s', (backend) => {
  test('Python’s payload opens, and is the manifest', async () => {
    const link = parseLink(vector.link);
    const bytes = await openPayload(link, fromHex(vector.chunk), xz, backend);
    const manifest = await loadManifest(link, () => Promise.resolve(bytes));
    const expected = await parseManifest([utf8(JSON.stringify(vector.manifest))]);
    expect(await computeManifestId(manifest)).toBe(await computeManifestId(expected));
  });

  test('a payload comes back, with another key each time', async () => {
    const payload = utf8(`{"kind":"manifest","x":"${'y'.repeat(5000)}"}`);
    const [one, two] = [
      await sealPayload(payload, random(32), xz, backend),
      await sealPayload(payload, random(32), xz, backend),
    ];
    expect(Buffer.compare(await openPayload(one.link, one.chunk, xz, backend), payload)).toBe(0);
    expect(one.link.id).toBe(one.id);
    expect(toHex(one.link.key)).not.toBe(toHex(two.link.key));
    const wrongKey = { id: one.id, key: two.link.key };
    expect(await codeOf(openPayload(wrongKey, one.chunk, xz, backend))).toBe('CORRUPT');
    expect(await codeOf(openPayload(two.link, one.chunk, xz, backend))).toBe('CORRUPT');
  });
});

test('short payloads are xz too, long ones are refused', async () => {
  const tiny = await sealPayload(utf8('{}'), random(32), xz);
  expect(toHex(await openPayload(tiny.link, tiny.chunk, xz))).toBe(toHex(utf8('{}')));
  const long = new Uint8Array(MAX_CAPABILITY_PAYLOAD_BYTES + 1);
  expect(await codeOf(sealPayload(long, random(32), xz))).toBe('TOO_LARGE');
  expect(() => parsePayload(long)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
});

test('arbitrary bytes and JSON are a payload or an AppError', () => {
  const parts = fc.record({
    kind: fc.constantFrom('manifest', 'index', 'other', 5),
    chunks: fc.option(fc.array(fc.jsonValue()), { nil: undefined }),
    parts: fc.option(fc.array(fc.jsonValue(), { minLength: 1 }), { nil: undefined }),
  });
  const texts = fc.oneof(
    fc.uint8Array(),
    fc.json().map(utf8),
    parts.map((value) => utf8(JSON.stringify(value))),
  );
  fc.assert(
    fc.property(texts, (bytes) => {
      try {
        expect(['manifest', 'index']).toContain(parsePayload(bytes).kind);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    }),
    { numRuns: 500 },
  );
});

test('hostile nesting is no crash', () => {
  for (const text of [
    '['.repeat(500_000),
    `{"kind":"index","chunks":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
  ]) {
    expect(() => parsePayload(utf8(text))).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  }
});

// --- manifests in parts ----------------------------------------------------------------------------------------

function manifestOf(count: number, filename = 'movie.mkv'): PackedManifest {
  const rows = new ChunkTable();
  for (let index = 0; index < count; index++) {
    const size = index === count - 1 ? 77 : BLOCK_BYTES;
    rows.append({ index, id: parseChunkId(idOf(`row ${index}`)), size, compression: 'zlib' });
  }
  const header = {
    filename,
    type: 'video/x-matroska',
    size: rows.sizeBytes,
    created: '2026-11-23T05:00:00Z',
    key: random(32),
    merkleRoot: rows.merkleRoot,
  };
  return { header, rows };
}

/** Payloads by id, as a swarm would hold them. */
class Payloads {
  readonly byId = new Map<string, Bytes>();

  readonly store = (payload: Bytes): Promise<CapabilityLink> => {
    expect(payload.length).toBeLessThanOrEqual(MAX_CAPABILITY_PAYLOAD_BYTES);
    const id = parseChunkId(createHash('sha256').update(payload).digest('hex'));
    this.byId.set(id, payload);
    return Promise.resolve({ id, key: random(32) });
  };

  readonly fetch = (link: CapabilityLink): Promise<Bytes> => {
    const payload = this.byId.get(link.id);
    return payload === undefined
      ? Promise.reject(new AppError('CHUNK_LOST', 'No such payload.'))
      : Promise.resolve(payload);
  };

  json(value: unknown): Promise<CapabilityLink> {
    return this.store(utf8(JSON.stringify(value)));
  }
}

test.each([
  [0, 1],
  [1, 1],
  [7999, 1],
  [8000, 1],
  [8001, 3],
  [16_000, 3],
  [20_000, 4],
])('a manifest of %i chunks takes %i payloads and comes back the same', async (count, payloadCount) => {
  const payloads = new Payloads();
  // Quotes double in JSON: the longest header there can be.
  const name = Array.from({ length: 16 }, () => '"'.repeat(255)).join('/');
  const manifest = manifestOf(count, name);
  const link = await storeManifest(manifest, payloads.store);
  expect(payloads.byId.size).toBe(payloadCount);
  const loaded = await loadManifest(link, payloads.fetch);
  expect(await computeManifestId(loaded)).toBe(await computeManifestId(manifest));
});

test('a lost, swapped, repeated or foreign part is an error, never another file', async () => {
  const payloads = new Payloads();
  const manifest = manifestOf(20_000);
  const link = await storeManifest(manifest, payloads.store);
  const root = JSON.parse(new TextDecoder().decode(payloads.byId.get(link.id))) as { parts: string[] };
  const [first = '', second = '', third = ''] = root.parts;
  for (const parts of [
    [second, first, third],
    [first, second],
    [first, first, third],
    [first, second, third, third],
    [],
    [formatLink(link), second, third],
    ['https://example.org/', second, third],
  ]) {
    const changed = await payloads.json({ ...root, parts });
    expect(await codeOf(loadManifest(changed, payloads.fetch)), parts.join()).toBe('CORRUPT');
  }
  payloads.byId.delete(parseLink(second).id);
  expect(await codeOf(loadManifest(link, payloads.fetch))).toBe('CHUNK_LOST');
});

describe('whatever the payloads say, loading ends', () => {
  const anyLink = { id: parseChunkId('0'.repeat(64)), key: new Uint8Array(32) };

  /** Loads with a source that makes payloads up, and counts them. */
  async function loadFrom(source: (asked: number) => unknown): Promise<{ code: string; asked: number }> {
    let asked = 0;
    const code = await codeOf(
      loadManifest(anyLink, () => Promise.resolve(utf8(JSON.stringify(source(asked++))))),
    );
    return { code, asked };
  }
  const link = (n: number): string =>
    formatLink({ id: parseChunkId(idOf(`link ${n}`)), key: new Uint8Array(32) });

  test('a cycle', async () => {
    const self = formatLink(anyLink);
    const { code, asked } = await loadFrom((n) => ({ kind: n === 0 ? 'manifest' : 'index', parts: [self] }));
    expect([code, asked]).toEqual(['CORRUPT', 1]);
  });

  test('endless depth', async () => {
    const { code, asked } = await loadFrom((n) => ({
      kind: n === 0 ? 'manifest' : 'index',
      parts: [link(n)],
    }));
    expect([code, asked]).toEqual(['CORRUPT', 4]);
  });

  test('endless breadth of empty parts', async () => {
    const parts = Array.from({ length: 8000 }, (_, n) => link(n));
    const { code, asked } = await loadFrom((n) =>
      n === 0 ? { kind: 'manifest', parts } : { kind: 'index', chunks: [] },
    );
    expect([code, asked]).toEqual(['CORRUPT', MAX_CAPABILITY_PAYLOADS]);
  });

  test('an index at the root, a manifest below it, and kinds to come', async () => {
    expect((await loadFrom(() => ({ kind: 'index', chunks: [] }))).code).toBe('CORRUPT');
    expect((await loadFrom((n) => ({ kind: 'manifest', parts: [link(n)] }))).code).toBe('CORRUPT');
    expect((await loadFrom(() => ({ kind: 'folder', chunks: [] }))).code).toBe('UNSUPPORTED');
  });

  test('a fired signal', async () => {
    const load = loadManifest(anyLink, () => Promise.resolve(utf8('{}')), AbortSignal.abort());
    expect(await codeOf(load)).toBe('ABORTED');
  });
});
