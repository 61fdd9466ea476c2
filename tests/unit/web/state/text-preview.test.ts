import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_TEXT_PREVIEW_BYTES } from '../../../../shared/limits.ts';
import { loadTextPreview } from '../../../../web/state/text-preview.ts';

const never = new AbortController().signal;

function server(answer: (request: Request) => Response | Promise<Response>): typeof fetch {
  return async (input, init) => answer(new Request(new URL(input as string, 'http://localhost'), init));
}

/** Endless, and records how much was asked for. */
function endless(byte: number): {
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
  state: { pulled: number; cancelled: boolean };
} {
  const state = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      state.pulled += 50_000;
      controller.enqueue(new Uint8Array(50_000).fill(byte));
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { body, state };
}

describe('loadTextPreview', () => {
  it('asks for the beginning only', async () => {
    const ranges: (string | null)[] = [];
    const preview = await loadTextPreview(
      '/stream/x',
      { sizeBytes: 5 },
      never,
      server((request) => {
        ranges.push(request.headers.get('range'));
        return new Response('héllo', { status: 206 });
      }),
    );
    expect(preview).toEqual({ text: 'héllo', cut: false });
    expect(ranges).toEqual(['bytes=0-262143']);
  });

  it('stops reading at the limit even when the answer goes on', async () => {
    const { body, state } = endless(0x61);
    const preview = await loadTextPreview(
      '/s',
      { sizeBytes: 10 ** 9 },
      never,
      server(() => new Response(body)),
    );
    expect(preview.text).toHaveLength(MAX_TEXT_PREVIEW_BYTES);
    expect(preview.cut).toBe(true);
    expect(state.cancelled).toBe(true);
    expect(state.pulled).toBeLessThan(MAX_TEXT_PREVIEW_BYTES + 200_000);
  });

  it('keeps characters whole that are split between parts', async () => {
    const bytes = new TextEncoder().encode('a€b');
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const preview = await loadTextPreview(
      '/s',
      { sizeBytes: bytes.length },
      never,
      server(() => new Response(body)),
    );
    expect(preview.text).toBe('a€b');
  });

  it('asks for nothing when the file is empty', async () => {
    const fail = server(() => {
      throw new Error('asked');
    });
    expect(await loadTextPreview('/s', { sizeBytes: 0 }, never, fail)).toEqual({ text: '', cut: false });
  });

  it('passes on the error that the stream answers with', async () => {
    const error = { error: { code: 'CHUNK_LOST', message: 'No holder has it.' } };
    const loading = loadTextPreview(
      '/s',
      { sizeBytes: 1 },
      never,
      server(() => Response.json(error, { status: 404 })),
    );
    await expect(loading).rejects.toMatchObject({ code: 'CHUNK_LOST', message: 'No holder has it.' });
  });

  it.each([
    [404, 'CHUNK_LOST'],
    [502, 'UNAVAILABLE'],
  ])('gives an AppError for a bare %i', async (status, code) => {
    const loading = loadTextPreview(
      '/s',
      { sizeBytes: 1 },
      never,
      server(() => new Response('x', { status })),
    );
    await expect(loading).rejects.toMatchObject({ code });
  });

  it('gives UNAVAILABLE when nothing answers', async () => {
    const down = server(() => Promise.reject(new TypeError('Failed to fetch')));
    const loading = loadTextPreview('/s', { sizeBytes: 1 }, never, down);
    await expect(loading).rejects.toBeInstanceOf(AppError);
    await expect(loading).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
