import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { Transfers } from '../../../../web/state/transfers.svelte.ts';
import { FakeEngine, transfer } from './fake-engine.ts';

const notices = new Notices();
afterEach(() => notices[Symbol.dispose]());

function start(): { engine: FakeEngine; transfers: Transfers } {
  const engine = new FakeEngine();
  return { engine, transfers: new Transfers(engine, notices) };
}

describe('Transfers', () => {
  it('follows the engine until it is disposed', () => {
    const { engine, transfers } = start();
    engine.transfers.set([transfer({ name: 'a' })]);
    expect(transfers.list.map(({ name }) => name)).toEqual(['a']);
    transfers[Symbol.dispose]();
    engine.transfers.set([]);
    expect(transfers.list).toHaveLength(1);
    expect(engine.watcherCount).toBe(0);
  });

  it('counts only the batch under way, finished members of it included', () => {
    const { engine, transfers } = start();
    const old = transfer({ state: 'done', storedBytes: 1000 });
    const first = transfer({ state: 'running', storedBytes: 500 });
    const second = transfer({ state: 'queued', sizeBytes: 3000 });
    engine.transfers.set([old]);
    expect(transfers.active).toBe(false);
    engine.transfers.set([old, first, second]);
    expect(transfers.overall).toMatchObject({ activeCount: 2, batchCount: 2, fraction: 500 / 4000 });
    engine.transfers.set([
      old,
      { ...first, state: 'done', storedBytes: 1000 },
      { ...second, state: 'running' },
    ]);
    expect(transfers.overall).toMatchObject({ activeCount: 1, batchCount: 2, fraction: 0.25 });
    engine.transfers.set([old, { ...first, state: 'done' }, { ...second, state: 'done' }]);
    expect(transfers.overall).toBeNull();
    const third = transfer({ state: 'running', storedBytes: 100 });
    engine.transfers.set([old, { ...first, state: 'done' }, third]);
    expect(transfers.overall).toMatchObject({ batchCount: 1, fraction: 0.1 });
  });

  it('announces milestones', () => {
    const { engine, transfers } = start();
    const running = transfer({ name: 'a.bin', state: 'running' });
    engine.transfers.set([running]);
    expect(transfers.announcement).toBe('');
    engine.transfers.set([{ ...running, storedBytes: 500 }]);
    expect(transfers.announcement).toBe('Uploads 50 percent done.');
    engine.transfers.set([{ ...running, state: 'done' }]);
    expect(transfers.announcement).toBe('a.bin is stored.');
  });

  it('hands actions to the engine', async () => {
    const { engine, transfers } = start();
    const [a, b] = [transfer({ id: 'a', state: 'done' }), transfer({ id: 'b', state: 'needs-file' })];
    engine.transfers.set([a, b]);
    const file = { file: new File(['x'], 'x.txt'), path: 'x.txt' };
    await transfers.upload([file], 'fast');
    await transfers.pause(b);
    await transfers.pauseAll();
    await transfers.resumeAll();
    await transfers.cancel(b);
    await transfers.cancelAll();
    await transfers.resume(b);
    await transfers.resume(b, file);
    await transfers.dismissFinished();
    expect(engine.uploads).toEqual([{ files: [file], mode: 'fast', folder: '' }]);
    expect(engine.calls).toEqual([
      'upload',
      'pause b',
      'pause all',
      'resume all',
      'cancel b',
      'cancel all',
      'resume b',
      'resume b with x.txt',
      'dismiss a',
    ]);
  });

  it('knows whether leaving the page would lose an upload', () => {
    const { engine, transfers } = start();
    engine.transfers.set([transfer({ state: 'paused' }), transfer({ state: 'done', kept: false })]);
    expect(transfers.anyUnkept).toBe(false);
    engine.transfers.set([transfer({ state: 'paused', kept: false })]);
    expect(transfers.anyUnkept).toBe(true);
  });

  it('starts nothing for an empty choice', async () => {
    const { engine, transfers } = start();
    await transfers.upload([], 'fast');
    expect(engine.calls).toEqual([]);
  });

  it('shows what the engine refuses', async () => {
    const { engine, transfers } = start();
    engine.failure = new AppError('FILE_CHANGED', 'The file is another one now.');
    await transfers.resume(transfer({ name: 'a.bin' }));
    expect(notices.list).toMatchObject([
      { tone: 'error', title: 'a.bin could not be resumed', text: 'The file is another one now.' },
    ]);
  });
});
