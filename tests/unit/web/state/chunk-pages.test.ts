import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { CHUNK_ROWS_PAGE } from '../../../../shared/limits.ts';
import { ChunkPages } from '../../../../web/state/chunk-pages.svelte.ts';
import { FakeEngine, storedFile } from './fake-engine.ts';

const chunkCount = 2 * CHUNK_ROWS_PAGE + 3;

function start(): { engine: FakeEngine; pages: ChunkPages } {
  const engine = new FakeEngine();
  engine.chunkRows = Array.from({ length: chunkCount }, (_, index) => ({
    index,
    id: index.toString(16).padStart(64, '0') as ChunkId,
    size: 1,
    compression: 'xz' as const,
  }));
  return { engine, pages: new ChunkPages(engine, storedFile({ chunkCount })) };
}

describe('ChunkPages', () => {
  it('reads the page that is asked for, and no other', async () => {
    const { engine, pages } = start();
    expect(pages.pageCount).toBe(3);
    await pages.show(2);
    expect(pages.rows.map(({ index }) => index)).toEqual([chunkCount - 3, chunkCount - 2, chunkCount - 1]);
    expect(engine.calls).toHaveLength(1);
  });

  it('shows the page that was asked for last, whichever comes last', async () => {
    const { pages } = start();
    await Promise.all([pages.show(1), pages.show(0)]);
    expect(pages.rows[0]?.index).toBe(0);
  });

  it('says what went wrong, until it goes well', async () => {
    const { engine, pages } = start();
    engine.failure = new AppError('CHUNK_LOST', 'Nobody has it.');
    await pages.show(0);
    expect(pages.error?.code).toBe('CHUNK_LOST');
    engine.failure = null;
    await pages.show(0);
    expect(pages.error).toBeNull();
    expect(pages.rows).toHaveLength(CHUNK_ROWS_PAGE);
  });
});
