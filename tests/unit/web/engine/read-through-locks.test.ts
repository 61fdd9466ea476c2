import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../../shared/bytes.ts';
import type { ByteRange, Downloader } from '../../../../shared/engine/download.ts';
import { AppError } from '../../../../shared/errors.ts';
import { readThroughLocks } from '../../../../web/engine/downloads/read-through-locks.ts';
import { LockableGate } from './lockable-gate.ts';

const never = new AbortController().signal;

/** 100 bytes in pieces of 10, byte i being i; fails once before `failsAt`. */
class FlakyDownloader implements Downloader {
  readonly sizeBytes = 100;
  readonly reads: ByteRange[] = [];
  failsAt: number | null;
  onFailure: () => void;

  constructor(failsAt: number | null, onFailure: () => void) {
    this.failsAt = failsAt;
    this.onFailure = onFailure;
  }

  async *read(range: ByteRange): AsyncGenerator<Bytes, void, undefined> {
    this.reads.push(range);
    for (let at = range.start; at < range.end; at += 10) {
      if (at === this.failsAt) {
        this.failsAt = null;
        this.onFailure();
        throw new AppError('NO_SESSION', 'This swarm is private.');
      }
      yield await Promise.resolve(
        Uint8Array.from({ length: Math.min(10, range.end - at) }, (_, i) => at + i),
      );
    }
  }
}

async function readAll(reading: AsyncIterable<Bytes>): Promise<number[]> {
  const all: number[] = [];
  for await (const part of reading) all.push(...part);
  return all;
}

describe('readThroughLocks', () => {
  const range = { start: 5, end: 65 };
  const wanted = Array.from({ length: 60 }, (_, i) => i + 5);

  it('waits for the key and goes on where it was, every byte once', async () => {
    const gate = new LockableGate();
    const downloader = new FlakyDownloader(35, () => {
      gate.lock = 'key-refused';
      queueMicrotask(() => (gate.lock = null));
    });
    expect(await readAll(readThroughLocks({ downloader, gate, fromTheStart: false }, range, never))).toEqual(
      wanted,
    );
    expect(downloader.reads).toEqual([range, { start: 35, end: 65 }]);
  });

  it('before the first byte waits only when told to', async () => {
    const gate = new LockableGate();
    const lockForAMoment = (): void => {
      gate.lock = 'needs-key';
      queueMicrotask(() => (gate.lock = null));
    };
    const first = new FlakyDownloader(5, lockForAMoment);
    const refused = readAll(readThroughLocks({ downloader: first, gate, fromTheStart: false }, range, never));
    await expect(refused).rejects.toMatchObject({ code: 'NO_SESSION' });
    const second = new FlakyDownloader(5, lockForAMoment);
    expect(
      await readAll(readThroughLocks({ downloader: second, gate, fromTheStart: true }, range, never)),
    ).toEqual(wanted);
  });

  it('hands on a failure that no lock explains, and stops waiting when told to', async () => {
    const gate = new LockableGate();
    const broken = new FlakyDownloader(35, () => undefined);
    await expect(
      readAll(readThroughLocks({ downloader: broken, gate, fromTheStart: true }, range, never)),
    ).rejects.toMatchObject({ code: 'NO_SESSION' });
    const impatient = new AbortController();
    const downloader = new FlakyDownloader(35, () => {
      gate.lock = 'needs-key';
      setImmediate(() => impatient.abort());
    });
    await expect(
      readAll(readThroughLocks({ downloader, gate, fromTheStart: true }, range, impatient.signal)),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    expect(gate.waiting).toBe(0);
  });
});
