import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { Files } from '../../../../web/state/files.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeEngine, storedFile } from './fake-engine.ts';

const notices = new Notices();
const TOP = { view: 'files', detail: '' } as const;
afterEach(() => notices[Symbol.dispose]());

const small = storedFile({ name: 'Small.txt', sizeBytes: 1, created: '2026-03-01T00:00:00Z' });
const large = storedFile({ name: 'a10.bin', sizeBytes: 300, created: '2026-01-01T00:00:00Z' });
const middle = storedFile({ name: 'a9.bin', sizeBytes: 20, created: '2026-02-01T00:00:00Z' });

function start(): { engine: FakeEngine; files: Files } {
  const engine = new FakeEngine();
  engine.files.set([large, small, middle]);
  return { engine, files: new Files(engine, notices, { routes: TOP, folders: { paths: [] } }) };
}

const filesOf = (files: Files) =>
  files.visible.map((entry) => (entry.kind === 'file' ? entry.file : entry.path));

describe('Files', () => {
  it('sorts by date first, newest on top', () => {
    expect(filesOf(start().files)).toEqual([small, middle, large]);
  });

  it('sorts names as people count, and turns the order round', () => {
    const { files } = start();
    files.sortBy('name');
    expect(filesOf(files)).toEqual([middle, large, small]);
    files.sortBy('name');
    expect(filesOf(files)).toEqual([small, large, middle]);
    files.sortBy('size');
    expect(filesOf(files)).toEqual([large, middle, small]);
  });

  it('finds by every word, in any case', () => {
    const { files } = start();
    files.query = 'SMALL .TXT';
    expect(filesOf(files)).toEqual([small]);
    files.query = '.bin';
    expect(filesOf(files)).toEqual([middle, large]);
    files.query = 'none of it';
    expect(filesOf(files)).toEqual([]);
    expect(files.count).toBe(3);
    expect(files.totalBytes).toBe(321);
  });

  it('shows the open folder, its folders first, and finds in all folders', () => {
    const engine = new FakeEngine();
    const sea = storedFile({ path: 'trips/sea.jpg', name: 'sea.jpg' });
    const hill = storedFile({ path: 'trips/2026/hill.jpg', name: 'hill.jpg' });
    engine.files.set([small, sea, hill]);
    const folders = { paths: ['trips', 'trips/none', 'empty'] };
    const routes = { view: 'files', detail: 'trips' } as const;
    const files = new Files(engine, notices, { routes, folders });
    files.sortBy('name');
    expect(filesOf(files)).toEqual(['trips/2026', 'trips/none', sea]);
    expect(files.folderExists).toBe(true);
    files.query = 'small';
    expect(filesOf(files)).toEqual([small]);
    expect(files.folders).toEqual(['empty', 'trips', 'trips/2026', 'trips/none']);
    const elsewhere = new Files(engine, notices, { routes: { view: 'files', detail: 'gone' }, folders });
    expect([elsewhere.folderExists, elsewhere.visible.length]).toEqual([false, 0]);
  });

  it('follows changes until it is disposed', () => {
    const { engine, files } = start();
    engine.files.set([large]);
    expect(filesOf(files)).toEqual([large]);
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
