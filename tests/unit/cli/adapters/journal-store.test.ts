import { randomBytes, randomUUID } from 'node:crypto';
import { appendFile, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEntry, parseHeader } from '../../../../cli/adapters/journal-format.ts';
import { FileJournalStore } from '../../../../cli/adapters/journal-store.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import type { Journal, JournalEntry, JournalHeader } from '../../../../shared/engine/ports.ts';
import { AppError } from '../../../../shared/errors.ts';
import { chunkIdFromHash, manifestIdFromHash, relayIdFromHash } from '../../../../shared/ids.ts';
import { TempFolder } from './temp-folder.ts';

const bytes = (length: number): Bytes => new Uint8Array(randomBytes(length));
const origin = { path: '/home/ann/a.pdf', target: 'swarm' };

function header(): JournalHeader {
  return {
    uploadId: randomUUID(),
    name: 'ä "b"\n.pdf',
    type: 'application/pdf',
    sizeBytes: 3 * 2 ** 20,
    fingerprint: '1-2-3',
    created: '2026-11-23T05:00:00.000Z',
    mode: 'smallest',
    key: bytes(32),
  };
}

function entries(): JournalEntry[] {
  const chunk = {
    index: 0,
    id: chunkIdFromHash(bytes(32)),
    size: 2 ** 20,
    compression: 'xz' as const,
    blockHash: bytes(32),
    bodyHash: bytes(32),
    iv: bytes(16),
  };
  return [
    { kind: 'sealed', chunk },
    { kind: 'stored', index: 0, holders: [relayIdFromHash(bytes(32)), relayIdFromHash(bytes(32))] },
    { kind: 'abandoned', id: chunk.id, bodyHash: chunk.bodyHash },
    { kind: 'finished', manifestId: manifestIdFromHash(bytes(32)) },
  ];
}

async function all(journal: Journal): Promise<JournalEntry[]> {
  const list: JournalEntry[] = [];
  for await (const entry of journal.entries()) list.push(entry);
  return list;
}

/** The path of the only unfinished journal. */
async function journalPath(folder: TempFolder): Promise<string> {
  const names = (await readdir(folder.join('journals'))).filter((name) => name.endsWith('.open.jsonl'));
  expect(names).toHaveLength(1);
  return folder.join('journals', names[0] ?? '');
}

describe('FileJournalStore', () => {
  it('keeps header and entries for the next process, readable by this user only', async () => {
    await using folder = await TempFolder.create();
    const store = new FileJournalStore(folder.path, origin);
    const written = header();
    const list = entries();
    const first = await store.create(written);
    await Promise.all([first.append(list.slice(0, 1)), first.append(list.slice(1, 3))]);
    await first.close();
    expect((await stat(await journalPath(folder))).mode & 0o777).toBe(0o600);
    expect((await stat(folder.join('journals'))).mode & 0o777).toBe(0o700);

    const later = new FileJournalStore(folder.path, origin);
    expect(await later.unfinished()).toEqual([written]);
    const second = await later.open(written.uploadId);
    expect(second.header).toEqual(written);
    expect(await all(second)).toEqual(list.slice(0, 3));
    await second.append(list.slice(3));
    expect(await all(second)).toEqual(list);
    await second.close();
  });

  it('drops a line that a crash tore, at whatever byte, and goes on after the last whole one', async () => {
    await using folder = await TempFolder.create();
    const store = new FileJournalStore(folder.path, origin);
    const { uploadId } = (await closed(store.create(header()))).header;
    const path = await journalPath(folder);
    const start = (await stat(path)).size;
    const [whole, torn, next] = entries() as [JournalEntry, JournalEntry, JournalEntry];
    const journal = await store.open(uploadId);
    await journal.append([whole]);
    const afterWhole = (await stat(path)).size;
    await journal.append([torn]);
    await journal.close();
    const content = await readFile(path);
    expect(start).toBeLessThan(afterWhole);

    for (let size = afterWhole; size < content.length; size += 7) {
      await writeFile(path, content);
      await truncate(path, size);
      const reopened = await store.open(uploadId);
      expect(await all(reopened)).toEqual([whole]);
      await reopened.append([next]);
      await reopened.close();
      const again = await store.open(uploadId);
      expect(await all(again)).toEqual([whole, next]);
      await again.close();
    }
  });

  it('reports damage in the middle instead of leaving entries out', async () => {
    await using folder = await TempFolder.create();
    const store = new FileJournalStore(folder.path, origin);
    const { uploadId } = (await closed(store.create(header()))).header;
    await appendFile(await journalPath(folder), '{"kind":"sealed"}\n');
    const journal = await store.open(uploadId);
    await expect(all(journal)).rejects.toMatchObject({ code: 'CORRUPT' });
    await journal.close();
  });

  it('lets one holder at a time have a journal', async () => {
    await using folder = await TempFolder.create();
    const store = new FileJournalStore(folder.path, origin);
    const journal = await store.create(header());
    const other = new FileJournalStore(folder.path, origin);
    await expect(other.open(journal.header.uploadId)).rejects.toMatchObject({ code: 'CONFLICT' });
    await journal.close();
    await (await other.open(journal.header.uploadId)).close();
  });

  it('offers only what the same command would upload, and nothing that has settled', async () => {
    await using folder = await TempFolder.create();
    const store = new FileJournalStore(folder.path, origin);
    const journal = await closed(store.create(header()));
    for (const other of [
      { ...origin, path: '/home/ann/b.pdf' },
      { ...origin, target: '/x/network_data' },
    ]) {
      expect(await new FileJournalStore(folder.path, other).unfinished()).toEqual([]);
    }
    await store.settle(journal.header.uploadId);
    expect(await store.unfinished()).toEqual([]);
    expect(await readdir(folder.join('journals'))).toEqual([`${journal.header.uploadId}.jsonl`]);
  });

  it('passes over a journal that is damaged when it looks for one to resume', async () => {
    await using folder = await TempFolder.create();
    const store = new FileJournalStore(folder.path, origin);
    const good = await closed(store.create(header()));
    await writeFile(folder.join('journals', 'x.open.jsonl'), 'not a journal\n');
    await writeFile(folder.join('journals', 'y.open.jsonl'), '');
    expect(await store.unfinished()).toEqual([good.header]);
  });

  it('refuses upload ids that are no plain names', async () => {
    await using folder = await TempFolder.create();
    const store = new FileJournalStore(folder.path, origin);
    await expect(store.open('../../etc/passwd')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('journal lines', () => {
  it('are parsed or refused as CORRUPT, whatever they are', () => {
    const onlyCorrupt = (parse: () => unknown): void => {
      try {
        parse();
      } catch (cause) {
        expect(cause).toBeInstanceOf(AppError);
        expect((cause as AppError).code).toBe('CORRUPT');
      }
    };
    fc.assert(fc.property(fc.string(), (text) => onlyCorrupt(() => parseEntry(text))));
    fc.assert(fc.property(fc.json(), (text) => onlyCorrupt(() => parseHeader(text))));
    const kinds = fc.constantFrom('sealed', 'stored', 'abandoned', 'finished');
    const line = fc.record({ kind: kinds, index: fc.anything(), id: fc.anything(), holders: fc.anything() });
    fc.assert(fc.property(line, (value) => onlyCorrupt(() => parseEntry(JSON.stringify(value)))));
  });
});

async function closed(opening: Promise<Journal>): Promise<Journal> {
  const journal = await opening;
  await journal.close();
  return journal;
}
