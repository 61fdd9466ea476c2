import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../../shared/bytes.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseManifestId } from '../../../../shared/ids.ts';
import { respondToStream } from '../../../../web/sw/stream-response.ts';
import type { ReadableFile } from '../../../../web/sw/stream-response.ts';
import { STREAM_VERSION, formatStreamUrl } from '../../../../web/engine/stream-url.ts';

const ID = parseManifestId('ab'.repeat(32));
const PART_BYTES = 10;
const SIZE = 95;
const CONTENT = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7) % 251);

/** Reads `CONTENT` in parts of ten bytes and tells how far it has read. */
class FakeFile implements ReadableFile {
  name = 'folder/film “é”.mp4';
  type = 'video/mp4';
  sizeBytes = SIZE;
  /** Throws instead of giving the part with this number. */
  failAtPart = Infinity;
  partsRead = 0;
  ended = false;
  signal: AbortSignal | null = null;

  async *read({ start, end }: { start: number; end: number }, signal: AbortSignal): AsyncGenerator<Bytes> {
    this.signal = signal;
    try {
      for (let at = start; at < end; at += PART_BYTES) {
        signal.throwIfAborted();
        if (this.partsRead === this.failAtPart) throw new AppError('CHUNK_LOST', 'No relay has block 3.');
        this.partsRead++;
        yield await Promise.resolve(CONTENT.slice(at, Math.min(at + PART_BYTES, end)));
      }
    } finally {
      this.ended = true;
    }
  }
}

function ask(
  file: FakeFile,
  headers: Record<string, string> = {},
  { method = 'GET', url = formatStreamUrl(ID, file.name, false) } = {},
): Promise<Response> {
  const request = new Request(new URL(url, 'http://localhost:8888'), { method, headers });
  return respondToStream(request, (id) =>
    id === ID ? Promise.resolve(file) : Promise.reject(new AppError('NOT_FOUND', 'Not here.')),
  );
}

const bodyOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;

describe('respondToStream', () => {
  it('gives the whole file', async () => {
    const response = await ask(new FakeFile());
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'content-length': '95',
      'content-type': 'video/mp4',
      'content-disposition': `inline; filename="film ___.mp4"; filename*=UTF-8''film%20%E2%80%9C%C3%A9%E2%80%9D.mp4`,
      etag: `"${ID}"`,
      'x-content-type-options': 'nosniff',
    });
    expect(response.headers.has('content-range')).toBe(false);
    expect(await bodyOf(response)).toEqual(CONTENT);
  });

  it.each([
    ['bytes=0-', 0, 95],
    ['bytes=10-19', 10, 20],
    ['bytes=17-', 17, 95],
    ['bytes=-5', 90, 95],
    ['bytes=90-1000', 90, 95],
  ])('%s is a 206 of just these bytes', async (range, start, end) => {
    const response = await ask(new FakeFile(), { range });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/95`);
    expect(response.headers.get('content-length')).toBe(String(end - start));
    expect(await bodyOf(response)).toEqual(CONTENT.slice(start, end));
  });

  it('any range header gives the bytes that the answer’s own headers promise', async () => {
    const header = fc.tuple(fc.nat(120), fc.option(fc.nat(120))).map(([a, b]) => `bytes=${a}-${b ?? ''}`);
    await fc.assert(
      fc.asyncProperty(header, async (range) => {
        const response = await ask(new FakeFile(), { range });
        const body = await response.arrayBuffer();
        if (response.status === 416) {
          expect(response.headers.get('content-range')).toBe('bytes */95');
          return;
        }
        const [, first = '0', last = '94'] =
          /^bytes (\d+)-(\d+)\/95$/.exec(response.headers.get('content-range') ?? '') ?? [];
        expect(new Uint8Array(body)).toEqual(CONTENT.slice(Number(first), Number(last) + 1));
        expect(response.headers.get('content-length')).toBe(String(body.byteLength));
      }),
    );
  });

  it('416 tells the size', async () => {
    const file = new FakeFile();
    const response = await ask(file, { range: 'bytes=95-' });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */95');
    expect(await codeOf(response)).toBe('BAD_INPUT');
    expect(file.partsRead).toBe(0);
  });

  it.each([
    ['the same', `"${ID}"`, 206],
    ['another', '"0"', 200],
    ['a weak one', `W/"${ID}"`, 200],
    ['a date', 'Mon, 23 Nov 2026 05:00:00 GMT', 200],
  ])('If-Range with %s entity tag', async (_what, ifRange, status) => {
    const response = await ask(new FakeFile(), { range: 'bytes=0-4', 'if-range': ifRange });
    expect(response.status).toBe(status);
  });

  it('HEAD has the headers of GET, ignores Range and reads nothing', async () => {
    const file = new FakeFile();
    const response = await ask(file, { range: 'bytes=0-4' }, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('95');
    expect(await response.text()).toBe('');
    expect(file.partsRead).toBe(0);
  });

  it('an empty file is an empty answer', async () => {
    const file = new FakeFile();
    file.sizeBytes = 0;
    const response = await ask(file);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('0');
    expect(await response.text()).toBe('');
    expect((await ask(file, { range: 'bytes=0-0' })).status).toBe(416);
  });

  it('download=1 is an attachment, called as its owner calls it now', async () => {
    const named = async (url: string): Promise<string | null> =>
      (await ask(new FakeFile(), {}, { url })).headers.get('content-disposition');
    expect(await named(formatStreamUrl(ID, 'holidays/renamed.mp4', true))).toMatch(
      /^attachment; filename="renamed.mp4"/,
    );
    expect(await named(formatStreamUrl(ID, '', true))).toMatch(/^attachment; filename="film/);
    expect(await named(`/stream/${ID}/%FF?v=${STREAM_VERSION}&download=1`)).toMatch(
      /^attachment; filename="film/,
    );
    expect(await named(`/stream/${ID}/..%2F..%2Fa%00.exe?v=${STREAM_VERSION}`)).toMatch(
      /^inline; filename="a.exe"/,
    );
  });

  it('a page that calls itself HTML is served as text, sandboxed', async () => {
    const file = new FakeFile();
    file.type = 'text/html';
    const response = await ask(file);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
  });

  it.each([
    ['another method', 405, 'BAD_INPUT', { method: 'POST' }],
    [
      'a file that is not known',
      404,
      'NOT_FOUND',
      { url: formatStreamUrl(parseManifestId('cd'.repeat(32)), 'x', false) },
    ],
    ['no manifest id', 404, 'NOT_FOUND', { url: '/stream/../x?v=1' }],
    ['a URL of another build', 501, 'UNSUPPORTED', { url: `/stream/${ID}/x?v=2` }],
    ['a URL without version', 501, 'UNSUPPORTED', { url: `/stream/${ID}/x` }],
  ])('refuses %s', async (_what, status, code, request) => {
    const response = await ask(new FakeFile(), {}, request);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await codeOf(response)).toBe(code);
  });

  it('an error before the first byte has a status', async () => {
    const file = new FakeFile();
    file.failAtPart = 0;
    const response = await ask(file, { range: 'bytes=50-' });
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe('CHUNK_LOST');
  });

  it('an error after the first byte ends the body as an error, not as a short file', async () => {
    const file = new FakeFile();
    file.failAtPart = 3;
    const response = await ask(file);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it('reads no further than its consumer', async () => {
    const file = new FakeFile();
    const response = await ask(file);
    const reader = (response.body as ReadableStream<Bytes>).getReader();
    expect(file.partsRead).toBe(1);
    await reader.read();
    expect(file.partsRead).toBe(1);
    await reader.read();
    expect(file.partsRead).toBe(2);
    await reader.cancel();
  });

  it('stops all work when the consumer goes', async () => {
    const file = new FakeFile();
    const response = await ask(file);
    const reader = (response.body as ReadableStream<Bytes>).getReader();
    await reader.read();
    await reader.cancel();
    expect(file.ended).toBe(true);
    expect(file.signal?.aborted).toBe(true);
    expect(file.partsRead).toBe(1);
  });
});
