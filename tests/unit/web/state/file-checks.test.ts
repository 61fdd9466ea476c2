import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_FILE_CHECKS } from '../../../../shared/limits.ts';
import { CheckedFiles } from '../../../../web/state/file-checks.svelte.ts';
import type { FileChecks, FileDistribution } from '../../../../web/state/engine-types.ts';
import { liveCheck } from '../../../../web/state/live-check.ts';
import { distributionOf } from '../../shared/engine/distributions.ts';
import { FakeEngine, storedFile } from './fake-engine.ts';

const { manifestId: ID } = storedFile();

/** Checks that a test answers. */
function heldChecks() {
  const answer = Promise.withResolvers<FileDistribution>();
  const signals: AbortSignal[] = [];
  let progress: ((done: number, total: number) => void) | undefined;
  const checks: FileChecks = {
    distribution: (_id, signal, onProgress) => {
      signals.push(signal);
      progress = onProgress;
      return answer.promise;
    },
  };
  return { checks, answer, signals, tell: (done: number, total: number) => progress?.(done, total) };
}

describe('CheckedFiles', () => {
  it('tells how far a check is, and what came of it', async () => {
    const { checks, answer, tell } = heldChecks();
    const files = new CheckedFiles(checks);
    expect(files.of(ID)).toBeNull();
    const checking = files.start(ID);
    tell(1000, 3000);
    expect(files.of(ID)).toEqual({ phase: 'asking', done: 1000, total: 3000 });
    const distribution = distributionOf([[0, 1, 2]], [2, 1]);
    answer.resolve(distribution);
    await checking;
    expect(files.of(ID)).toEqual({ phase: 'known', check: liveCheck(distribution) });
  });

  it('says why it could not be found out', async () => {
    const engine = new FakeEngine();
    engine.failure = new AppError('UNAVAILABLE', 'The relay does not answer.');
    const files = new CheckedFiles(engine.checks);
    await files.start(ID);
    expect(files.of(ID)).toEqual({ phase: 'failed', text: 'The relay does not answer.' });
  });

  it('one that is stopped says nothing any more', async () => {
    const { checks, answer, signals, tell } = heldChecks();
    const files = new CheckedFiles(checks);
    const checking = files.start(ID);
    files.stop(ID);
    expect(signals[0]?.aborted).toBe(true);
    tell(1, 2);
    answer.resolve(distributionOf([[0]]));
    await checking;
    expect(files.of(ID)).toBeNull();
  });

  it('ends what is under way when it is disposed of', () => {
    const { checks, signals } = heldChecks();
    const files = new CheckedFiles(checks);
    void files.start(ID);
    files[Symbol.dispose]();
    expect(signals[0]?.aborted).toBe(true);
  });

  it('remembers the latest ones only', async () => {
    const files = new CheckedFiles(new FakeEngine().checks);
    const ids = Array.from({ length: MAX_FILE_CHECKS + 1 }, () => storedFile().manifestId);
    for (const id of ids) await files.start(id);
    expect(ids.filter((id) => files.of(id) === null)).toEqual(ids.slice(0, 1));
  });
});
