import { afterEach, describe, expect, it } from 'vitest';
import { AppError, abortError } from '../../../../shared/errors.ts';
import { Downloads } from '../../../../web/state/downloads.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeEngine, storedFile } from './fake-engine.ts';

const notices = new Notices();
afterEach(() => notices[Symbol.dispose]());

const file = storedFile({ name: 'a.bin', sizeBytes: 10 });

describe('Downloads', () => {
  it('lists a download in the page with its progress, and forgets it at the end', async () => {
    const engine = new FakeEngine({ streaming: false });
    const downloads = new Downloads(engine, notices);
    const received: number[] = [];
    engine.whileDownloading = (_signal, progress) => {
      received.push(downloads.list[0]?.receivedBytes ?? -1);
      progress(7);
      received.push(downloads.list[0]?.receivedBytes ?? -1);
      return Promise.resolve();
    };
    const done = downloads.start(file);
    expect(downloads.active).toBe(true);
    await done;
    expect(received).toEqual([0, 7]);
    expect(downloads.list).toEqual([]);
  });

  it('leaves a streamed download to the browser', async () => {
    const downloads = new Downloads(new FakeEngine(), notices);
    const done = downloads.start(file);
    expect(downloads.active).toBe(false);
    await done;
  });

  it('cancels through the signal, without a message', async () => {
    const engine = new FakeEngine({ streaming: false });
    const downloads = new Downloads(engine, notices);
    engine.whileDownloading = (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(abortError(signal)));
        downloads.cancel(file.manifestId);
      });
    await downloads.start(file);
    expect(downloads.list).toEqual([]);
    expect(notices.list).toEqual([]);
  });

  it('starts a file once at a time', async () => {
    const engine = new FakeEngine({ streaming: false });
    const downloads = new Downloads(engine, notices);
    await Promise.all([downloads.start(file), downloads.start(file)]);
    expect(engine.calls).toEqual([`download ${file.manifestId}`]);
    await downloads.start(file);
    expect(engine.calls).toHaveLength(2);
  });

  it('shows why a download failed', async () => {
    const engine = new FakeEngine();
    engine.failure = new AppError('CHUNK_LOST', 'No relay has block 3.');
    await new Downloads(engine, notices).start(file);
    expect(notices.list).toMatchObject([
      { title: 'a.bin could not be downloaded', text: 'No relay has block 3.' },
    ]);
  });
});
