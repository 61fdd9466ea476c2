import { describe, expect, it } from 'vitest';
import { FileJournalStore } from '../../../../cli/adapters/journal-store.ts';
import { openJournal } from '../../../../cli/transfer/open-journal.ts';
import { Speedometer } from '../../../../cli/transfer/progress.ts';
import type { BlockSource, Journal, SwarmPort } from '../../../../shared/engine/ports.ts';
import { chunkIdFromHash, relayIdFromHash } from '../../../../shared/ids.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { TempFolder } from '../adapters/temp-folder.ts';

const { signal } = new AbortController();
const relay = (n: number): RelayId => relayIdFromHash(new Uint8Array(32).fill(n));

function swarmOf(...ids: readonly RelayId[]): SwarmPort {
  const unused = () => Promise.reject(new Error('not asked for'));
  const members = ids.map((id) => ({ id, capacity: 1, machine: id }));
  return { members: () => Promise.resolve(members), put: unused, get: unused };
}

function sourceOf(sizeBytes: number, fingerprint = 'f'): BlockSource {
  const unused = () => Promise.reject(new Error('not asked for'));
  const file = { name: 'a', type: 'text/plain', sizeBytes, fingerprint };
  return { ...file, read: unused, assertUnchanged: unused };
}

/** Says that chunk 0 lies on relay 1. */
async function store(journal: Journal): Promise<void> {
  const id = chunkIdFromHash(new Uint8Array(32));
  const hash = new Uint8Array(32);
  const chunk = {
    index: 0,
    id,
    size: 5,
    compression: 'none',
    blockHash: hash,
    bodyHash: hash,
    iv: new Uint8Array(16),
  } as const;
  await journal.append([
    { kind: 'sealed', chunk },
    { kind: 'stored', index: 0, holders: [relay(1)] },
  ]);
}

async function begun(folder: TempFolder): Promise<{ journals: FileJournalStore; uploadId: string }> {
  const journals = new FileJournalStore(folder.path, { path: '/a', target: 'swarm' });
  const { journal, resumed } = await openJournal(journals, sourceOf(5), 'fast', swarmOf(relay(1)), signal);
  expect(resumed).toBe(false);
  await store(journal);
  await journal.close();
  return { journals, uploadId: journal.header.uploadId };
}

describe('openJournal', () => {
  it('goes on with the upload of the same file, touched or not', async () => {
    await using folder = await TempFolder.create();
    const { journals, uploadId } = await begun(folder);
    const again = await openJournal(
      journals,
      sourceOf(5, 'touched'),
      'fast',
      swarmOf(relay(1), relay(2)),
      signal,
    );
    expect(again).toMatchObject({ resumed: true, journal: { header: { uploadId } } });
    const second = openJournal(journals, sourceOf(5), 'fast', swarmOf(relay(1)), signal);
    await expect(second).rejects.toMatchObject({ code: 'CONFLICT' });
    await again.journal.close();
  });

  it('begins anew for another size, another compression and another swarm', async () => {
    await using folder = await TempFolder.create();
    const { journals, uploadId } = await begun(folder);
    const anew = [
      await openJournal(journals, sourceOf(6), 'fast', swarmOf(relay(1)), signal),
      await openJournal(journals, sourceOf(5), 'none', swarmOf(relay(1)), signal),
      await openJournal(journals, sourceOf(5), 'fast', swarmOf(relay(2)), signal),
    ];
    for (const { journal, resumed } of anew) {
      expect(resumed).toBe(false);
      expect(journal.header.uploadId).not.toBe(uploadId);
      await journal.close();
    }
    const keys = anew.map(({ journal }) => Buffer.from(journal.header.key).toString('hex'));
    expect(new Set(keys).size).toBe(3);
  });
});

describe('Speedometer', () => {
  it('smooths over seconds and does not count what was there before', () => {
    let nowMs = 0;
    const speed = new Speedometer(() => nowMs, 1_000_000);
    expect(speed.bytesPerSecond).toBeNull();
    nowMs = 1000;
    speed.add(1_000_500);
    expect(speed.bytesPerSecond).toBeCloseTo(500);
    nowMs = 2000;
    speed.add(1_000_500);
    expect(speed.bytesPerSecond).toBeGreaterThan(300);
    nowMs = 60_000;
    speed.add(1_000_500);
    expect(speed.bytesPerSecond).toBeLessThan(1);
  });
});
