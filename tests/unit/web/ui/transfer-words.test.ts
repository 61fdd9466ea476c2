import { describe, expect, it } from 'vitest';
import { countWords, figures, stageSteps, stateWord } from '../../../../web/ui/transfers/transfer-words.ts';
import type { UploadStages } from '../../../../shared/engine/upload-stages.ts';
import type { Transfer } from '../../../../web/engine/contract.ts';
import { transfer } from '../state/fake-engine.ts';

const MIB = 2 ** 20;

describe('figures', () => {
  it('tells percent, bytes, speed and time left of a running upload', () => {
    const running = transfer({
      state: 'running',
      sizeBytes: 4 * MIB,
      storedBytes: MIB,
      bytesPerSecond: MIB,
      secondsLeft: 3,
    });
    expect(figures(running)).toEqual(['25%', '1.00 MiB of 4.00 MiB', '1.00 MiB/s', '3 s left']);
  });

  it('leaves out what is not known', () => {
    const bare = ['0%', '0 B of 1.00 MiB'];
    expect(figures(transfer({ state: 'running', sizeBytes: MIB }))).toEqual(bare);
    expect(figures(transfer({ state: 'running', sizeBytes: MIB, bytesPerSecond: 0 }))).toEqual(bare);
  });

  it('tells what is stored of a stopped upload, and only the size of others', () => {
    expect(figures(transfer({ state: 'failed', sizeBytes: MIB, storedBytes: 1024 }))).toEqual([
      '1.00 KiB of 1.00 MiB stored',
    ]);
    expect(figures(transfer({ state: 'done', sizeBytes: MIB }))).toEqual(['1.00 MiB']);
  });
});

const NOWHERE: UploadStages = { checking: 0, sealing: 0, sending: 0, waiting: 0, fewestCopies: null };
const running = (stages: Partial<UploadStages> | null, overrides: Partial<Transfer> = {}): Transfer =>
  transfer({
    state: 'running',
    chunkCount: 4,
    stages: stages === null ? null : { ...NOWHERE, ...stages },
    ...overrides,
  });

describe('stateWord', () => {
  it('has different words for different states', () => {
    const states = ['queued', 'running', 'done', 'failed', 'paused', 'needs-file'] as const;
    expect(new Set(states.map((state) => stateWord(transfer({ state })))).size).toBe(6);
  });

  it('tells what goes on in a running upload, by what matters most', () => {
    expect(stateWord(running(null))).toBe('Looking for relays');
    expect(stateWord(running({ checking: 1 }))).toBe('Checking');
    expect(stateWord(running({ checking: 1, sealing: 1 }))).toBe('Compressing and encrypting');
    expect(stateWord(running({ sealing: 1 }, { mode: 'none' }))).toBe('Encrypting');
    expect(stateWord(running({ sealing: 1, waiting: 1 }))).toBe('Waiting for relays');
    expect(stateWord(running({ sealing: 1, waiting: 1, sending: 1 }))).toBe('Sending');
    expect(stateWord(running({}))).toBe('Reading');
    expect(stateWord(running({}, { chunksStored: 4 }))).toBe('Finishing');
  });
});

describe('stageSteps', () => {
  it('counts the parts in each stage', () => {
    const steps = stageSteps(running({ sealing: 2, sending: 1 }, { chunksStored: 1 }));
    expect(steps.map(({ label, count, active }) => [label, count, active])).toEqual([
      ['Compress, encrypt', '2', true],
      ['Send', '1', true],
      ['Stored', '1/4', false],
    ]);
    expect(stageSteps(running({ checking: 1, waiting: 3 })).map(({ label }) => label)).toEqual([
      'Check what is stored',
      'Compress, encrypt',
      'Send',
      'Wait for relays',
      'Stored',
    ]);
  });

  it('says nothing of a file of one part, and before the relays are found', () => {
    expect(stageSteps(running({ sending: 1 }, { chunkCount: 1 }))).toEqual([]);
    expect(stageSteps(running(null))).toEqual([]);
  });
});

it('counts transfers in words', () => {
  expect(
    countWords(
      new Map([
        ['running', 1],
        ['queued', 997],
      ]),
    ),
  ).toBe('1 uploading · 997 waiting');
});
