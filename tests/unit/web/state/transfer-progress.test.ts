import { describe, expect, it } from 'vitest';
import {
  countStates,
  growBatch,
  milestones,
  orderTransfers,
  overallProgress,
  transferFraction,
} from '../../../../web/state/transfer-progress.ts';
import { transfer } from './fake-engine.ts';

const MIB = 2 ** 20;

describe('transferFraction', () => {
  it.each([
    [{ state: 'running', sizeBytes: 200, storedBytes: 50 }, 0.25],
    [{ state: 'running', sizeBytes: 200, storedBytes: 900 }, 1],
    [{ state: 'running', sizeBytes: 0, storedBytes: 0 }, 0],
    [{ state: 'done', sizeBytes: 0, storedBytes: 0 }, 1],
    [{ state: 'done', sizeBytes: 200, storedBytes: 0 }, 1],
  ] as const)('%o is %d', (fields, fraction) => {
    expect(transferFraction(transfer(fields))).toBe(fraction);
  });
});

describe('overallProgress', () => {
  it('is null when nothing is under way', () => {
    expect(overallProgress([])).toBeNull();
    expect(overallProgress([transfer({ state: 'done' }), transfer({ state: 'failed' })])).toBeNull();
  });

  it('adds bytes and speeds, and derives the time left', () => {
    const overall = overallProgress([
      transfer({ state: 'running', sizeBytes: 100 * MIB, storedBytes: 50 * MIB, bytesPerSecond: 10 * MIB }),
      transfer({ state: 'queued', sizeBytes: 50 * MIB }),
      transfer({ state: 'done', sizeBytes: 50 * MIB, storedBytes: 50 * MIB }),
    ]);
    expect(overall).toEqual({
      activeCount: 2,
      batchCount: 3,
      storedBytes: 100 * MIB,
      sizeBytes: 200 * MIB,
      fraction: 0.5,
      bytesPerSecond: 10 * MIB,
      secondsLeft: 10,
    });
  });

  it('leaves stopped transfers out, and says nothing of time without a speed', () => {
    const overall = overallProgress([
      transfer({ state: 'running', bytesPerSecond: 0 }),
      transfer({ state: 'failed', sizeBytes: 5000, storedBytes: 4000 }),
    ]);
    expect(overall).toMatchObject({ batchCount: 1, sizeBytes: 1000, storedBytes: 0, secondsLeft: null });
  });

  it('does not divide by nothing for empty files', () => {
    expect(overallProgress([transfer({ sizeBytes: 0 })])?.fraction).toBe(0);
  });
});

describe('growBatch', () => {
  it('keeps what was counted and adds what moves', () => {
    const [a, b, c] = [
      transfer({ state: 'done' }),
      transfer({ state: 'running' }),
      transfer({ state: 'done' }),
    ];
    expect(growBatch([a], [a, b, c])).toEqual([a, b]);
    expect(growBatch([a], [b])).toEqual([b]);
  });
});

describe('orderTransfers', () => {
  it('puts what moves first, then what waits for the user, and the newest of the finished first', () => {
    const states = ['done', 'paused', 'queued', 'needs-file', 'running', 'failed', 'done', 'queued'] as const;
    const all = states.map((state, index) => transfer({ state, name: `${state} ${index}` }));
    expect(orderTransfers(all).map(({ name }) => name)).toEqual([
      'running 4',
      'needs-file 3',
      'failed 5',
      'queued 2',
      'queued 7',
      'paused 1',
      'done 6',
      'done 0',
    ]);
  });
});

describe('countStates', () => {
  it('counts in the order given, and leaves out what there is none of', () => {
    const all = (['running', 'queued', 'queued', 'done'] as const).map((state) => transfer({ state }));
    expect([...countStates(all)]).toEqual([
      ['running', 1],
      ['queued', 2],
      ['done', 1],
    ]);
  });
});

describe('milestones', () => {
  const running = transfer({ name: 'a', state: 'running' });

  it('tells nothing for small steps and new transfers', () => {
    expect(milestones([], [running])).toBeNull();
    expect(milestones([running], [{ ...running, storedBytes: 240 }])).toBeNull();
  });

  it('tells each quarter once', () => {
    const half = { ...running, storedBytes: 600 };
    expect(milestones([running], [half])).toBe('Uploads 50 percent done.');
    expect(milestones([half], [{ ...half, storedBytes: 700 }])).toBeNull();
  });

  it('tells how transfers end, with what to do', () => {
    expect(milestones([running], [{ ...running, state: 'paused' }])).toBe('a is paused.');
    expect(milestones([running], [{ ...running, state: 'needs-file' }])).toBe('a needs its file again.');
    const error = { code: 'NO_SPACE', message: 'Full.' } as const;
    expect(milestones([running], [{ ...running, state: 'failed', error }])).toMatch(
      /^a failed\. Free some disk/,
    );
  });

  it('counts many ends instead of reading them out', () => {
    const many = Array.from({ length: 5 }, () => transfer({ state: 'running' }));
    const done = many.map((one) => ({ ...one, state: 'done' as const }));
    expect(milestones(many, done)).toBe('5 uploads ended.');
  });
});
