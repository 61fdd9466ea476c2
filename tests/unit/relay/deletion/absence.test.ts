/** What a relay doubts when it comes back, by a clock that may be wrong. */
import { describe, expect, it } from 'vitest';
import { Absence } from '../../../../relay/services/deletion/absence.ts';
import { TOMBSTONE_KEPT_MS } from '../../../../shared/limits.ts';

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;

/** One relay's memory, over any number of starts. */
class Memory {
  readonly #values = new Map<string, string>();
  doubted = 0;

  /** By its wall clock, which shows the time that passes unless a test says otherwise. */
  start(): { note: (wallTime: number, uptimeMs?: number) => void } {
    const absence = new Absence(
      {
        get: (key) => this.#values.get(key) ?? null,
        set: (key, value) => void this.#values.set(key, value),
      },
      {
        markAll: () => {
          this.doubted++;
        },
      },
    );
    return { note: (wallTime, uptimeMs = wallTime) => absence.note(wallTime, uptimeMs) };
  }
}

describe('a relay doubts what it holds', () => {
  it('after it was away, or slept, for longer than tombstones are kept, and not before', () => {
    const memory = new Memory();
    memory.start().note(NOW);
    memory.start().note(NOW + TOMBSTONE_KEPT_MS);
    expect(memory.doubted).toBe(0);
    const running = memory.start();
    running.note(NOW + 2 * TOMBSTONE_KEPT_MS + 1);
    expect(memory.doubted).toBe(1);
    running.note(NOW + 2 * TOMBSTONE_KEPT_MS + MINUTE);
    expect(memory.doubted).toBe(1);
    running.note(NOW + 4 * TOMBSTONE_KEPT_MS);
    expect(memory.doubted).toBe(2);
  });

  it('not because its machine starts in 1970 until its clock is set', () => {
    const memory = new Memory();
    memory.start().note(NOW);
    const unset = memory.start();
    unset.note(MINUTE);
    unset.note(11 * MINUTE);
    memory.start().note(2 * MINUTE);
    unset.note(NOW + 12 * MINUTE);
    expect(memory.doubted).toBe(0);
    // And a true absence is still seen through such a start.
    const late = memory.start();
    late.note(MINUTE);
    late.note(NOW + 13 * MINUTE + TOMBSTONE_KEPT_MS);
    expect(memory.doubted).toBe(1);
  });

  it('also when its clock was in the far future for a while, and was put right', () => {
    const memory = new Memory();
    const running = memory.start();
    running.note(NOW + 50 * TOMBSTONE_KEPT_MS);
    running.note(NOW);
    memory.start().note(NOW + TOMBSTONE_KEPT_MS + 1);
    expect(memory.doubted).toBe(1);
  });

  it('not because the clock of a running relay is set back a year, and put right', () => {
    const memory = new Memory();
    const running = memory.start();
    running.note(NOW, 0);
    running.note(NOW - 2 * TOMBSTONE_KEPT_MS, MINUTE);
    running.note(NOW + 2 * MINUTE, 2 * MINUTE);
    memory.start().note(NOW + 3 * MINUTE);
    expect(memory.doubted).toBe(0);
    // Nor does a clock that is set keep it from seeing that it slept.
    running.note(NOW, 2 * MINUTE + TOMBSTONE_KEPT_MS + 1);
    expect(memory.doubted).toBe(1);
  });
});
