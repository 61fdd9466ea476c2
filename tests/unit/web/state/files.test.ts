import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { Files } from '../../../../web/state/files.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeEngine, storedFile } from './fake-engine.ts';

const notices = new Notices();
afterEach(() => notices[Symbol.dispose]());

const small = storedFile({ name: 'b/Small.txt', sizeBytes: 1, created: '2026-03-01T00:00:00Z' });
const large = storedFile({ name: 'a10.bin', sizeBytes: 300, created: '2026-01-01T00:00:00Z' });
const middle = storedFile({ name: 'a9.bin', sizeBytes: 20, created: '2026-02-01T00:00:00Z' });

function start(): { engine: FakeEngine; files: Files } {
  const engine = new FakeEngine();
  engine.files.set([large, small, middle]);
  return { engine, files: new Files(engine, notices) };
}

describe('Files', () => {
  it('sorts by date first, newest on top', () => {
    expect(start().files.visible).toEqual([small, middle, large]);
  });

  it('sorts names as people count, and turns the order round', () => {
    const { files } = start();
    files.sortBy('name');
    expect(files.visible).toEqual([middle, large, small]);
    files.sortBy('name');
    expect(files.visible).toEqual([small, large, middle]);
    files.sortBy('size');
    expect(files.visible).toEqual([large, middle, small]);
  });

  it('filters by every word, in any case, over the whole path', () => {
    const { files } = start();
    files.query = 'SMALL b/';
    expect(files.visible).toEqual([small]);
    files.query = '.bin';
    expect(files.visible).toEqual([middle, large]);
    files.query = 'none of it';
    expect(files.visible).toEqual([]);
    expect(files.count).toBe(3);
    expect(files.totalBytes).toBe(321);
  });

  it('follows changes until it is disposed', () => {
    const { engine, files } = start();
    engine.files.set([large]);
    expect(files.visible).toEqual([large]);
    files[Symbol.dispose]();
    expect(engine.watcherCount).toBe(0);
  });

  it('imports what it can and shows what it cannot', async () => {
    const { engine, files } = start();
    await files.importManifests([new File(['nonsense'], 'bad.manifest'), new File(['{}'], 'good.manifest')]);
    expect(engine.device.calls).toEqual(['import', 'import']);
    expect(notices.list.map(({ tone, title }) => `${tone}: ${title}`)).toEqual([
      'error: bad.manifest could not be imported',
      'info: imported.pdf is in your list',
    ]);
  });

  it('exports, or shows why not', async () => {
    const { engine, files } = start();
    expect(await (await files.exportManifest(small))?.text()).toBe('{}');
    engine.failure = new AppError('CORRUPT', 'The manifest does not verify.');
    expect(await files.exportManifest(small)).toBeNull();
    expect(notices.list.map(({ title }) => title)).toEqual(['The manifest could not be exported']);
  });
});
