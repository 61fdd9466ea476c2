import { describe as suite, expect, it } from 'vitest';
import type { RelayEvent } from '../../../../../shared/protocol/events.ts';
import { ActivityLog } from '../../../../../web/state/activity-log.ts';
import { describe } from '../../../../../web/ui/activity/event-words.ts';
import { idOf, stored } from '../../state/network-fixtures.ts';

const nameOf = (relay: string): string => `relay ${String(Number.parseInt(relay, 16))}`;

function wordsFor(...events: RelayEvent[]): string {
  const log = new ActivityLog();
  for (const event of events) log.add(event);
  const [line] = log.lines('all');
  if (line === undefined) throw new Error('nothing was logged');
  return describe(line, nameOf).text;
}

suite('what happened, in words', () => {
  it('names the relays and says how many', () => {
    expect(wordsFor(stored(1, 1, 2048))).toBe('Chunk 00000000 (2.00 KiB) stored on 1 relay: relay 1');
    expect(wordsFor(stored(1, 1, 2048), stored(1, 2, 2048))).toMatch(/on 2 relays: relay 1, relay 2$/);
    expect(wordsFor({ type: 'peer-left', at: 1, id: idOf(4) })).toBe('relay 4 is gone');
    expect(wordsFor({ type: 'peer-distrusted', at: 1, id: idOf(4) })).toMatch(/^relay 4 could not prove/);
    const read: RelayEvent = { type: 'chunk-read', at: 1, id: idOf(1), relay: idOf(2), size: 1 };
    expect(wordsFor(read)).toBe('Chunk 00000000 read from relay 2');
    expect(wordsFor(read, read)).toBe('Chunk 00000000 read from relay 2, 2 times');
  });

  it('tells how a repair went', () => {
    const report = { checked: 9, missing: 3, repaired: 2, balanced: 0, surplus: 0, dropped: 0, failed: 0 };
    const ended = (failed: number): RelayEvent => ({
      type: 'repair-ended',
      at: 1,
      report: { ...report, failed },
    });
    expect(wordsFor(ended(0))).toBe('9 chunks checked, 2 copies restored');
    expect(wordsFor(ended(1))).toBe('9 chunks checked, 2 copies restored, 1 could not be restored yet');
    const moved: RelayEvent = { type: 'repair-moved', at: 1, id: idOf(1), relay: idOf(2), size: 1 };
    expect(wordsFor(moved)).toBe('relay 2 received a copy of chunk 00000000');
  });
});
