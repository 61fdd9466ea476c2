import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { takeIncoming } from '../../../../web/state/incoming.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import type { PickedFile } from '../../../../web/engine/contract.ts';

let notices = new Notices();

afterEach(() => {
  notices[Symbol.dispose]();
  notices = new Notices();
});

const picked = (name: string): PickedFile => ({ file: new File(['x'], name), path: name });
const titles = (): string[] => notices.list.map(({ tone, title }) => `${tone}: ${title}`);

function take(takeShared: () => Promise<readonly PickedFile[]>): {
  done: Promise<void>;
  calls: string[];
  openWith: (files: readonly File[]) => void;
} {
  const calls: string[] = [];
  let opened: ((files: readonly File[]) => void) | null = null;
  const done = takeIncoming({
    incoming: { takeShared, watchOpened: (callback) => (opened = callback) },
    notices,
    mode: () => 'fast',
    upload: (files, mode) => {
      calls.push(`upload ${files.map(({ path }) => path).join(' ')} ${mode}`);
      return Promise.resolve();
    },
    importManifests: (files) => {
      calls.push(`import ${files.map(({ name }) => name).join(' ')}`);
      return Promise.resolve();
    },
  });
  return { done, calls, openWith: (files) => opened?.(files) };
}

describe('takeIncoming', () => {
  it('uploads what was shared, as uploads are compressed, and says so', async () => {
    const { done, calls } = take(() => Promise.resolve([picked('a.jpg'), picked('b.jpg')]));
    await done;
    expect(calls).toEqual(['upload a.jpg b.jpg fast']);
    expect(titles()).toEqual(['info: 2 shared files are being uploaded']);
  });

  it('says nothing when nothing was shared', async () => {
    const { done, calls } = take(() => Promise.resolve([]));
    await done;
    expect(calls).toEqual([]);
    expect(titles()).toEqual([]);
  });

  it('imports the manifests that the app is opened with, whenever that is', async () => {
    const { done, calls, openWith } = take(() => Promise.resolve([]));
    await done;
    openWith([new File(['{}'], 'a.manifest')]);
    expect(calls).toEqual(['import a.manifest']);
  });

  it('shows why shared files could not be taken', async () => {
    const { done } = take(() => Promise.reject(new AppError('IO', 'The disk is full.')));
    await done;
    expect(titles()).toEqual(['error: What was shared with Lanvault could not be taken']);
  });
});
