import { describe, expect, it } from 'vitest';
import { STATE_WORDS, figures } from '../../../../web/ui/transfers/transfer-words.ts';
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

  it('has different words for different states', () => {
    expect(new Set(Object.values(STATE_WORDS)).size).toBe(6);
  });
});
