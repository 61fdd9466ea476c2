import { expect, it } from 'vitest';
import { readList } from '../../../../relay/services/dht/read-list.ts';
import type { RecordHolder } from '../../../../relay/services/dht/record-holders.ts';
import type { NamedRow } from '../../../../relay/services/dht/record-items.ts';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_LIST_ENTRIES, MAX_LIST_ROWS } from '../../../../shared/limits.ts';
import { entryId } from '../../../../shared/protocol/records.ts';
import type { ListEntry } from '../../../../shared/protocol/records.ts';
import { idFor } from './dht-rig.ts';

const LIST = '5'.repeat(64);
const signal = new AbortController().signal;
const hex = (n: number, first: string): string => first + n.toString(16).padStart(63, '0');

function holder(n: number, rows: readonly NamedRow[], entries: readonly ListEntry[]): RecordHolder {
  const unasked = (): never => {
    throw new AppError('UNSUPPORTED', 'Nobody asks for it here.');
  };
  return {
    relay: idFor(n),
    rows: () => Promise.resolve([...rows]),
    fetch: (_, asked) => {
      const wanted = new Set(asked.map(({ id }) => id));
      const found = entries.filter((entry) => wanted.has(entryId(LIST, entry)));
      return Promise.resolve(found.map((entry) => ({ kind: 'entry', list: LIST, entry })));
    },
    ...{ store: unasked, digests: unasked, atomic: unasked },
  };
}

it('what one honest holder has is not crowded out by four that agree on inventions', async () => {
  const entries = Array.from({ length: 800 }, (_, n) => ({
    ...{ public_key: hex(n, '9'), value: 'QUFB', signature: '0'.repeat(128) },
  }));
  const rows = entries.map((entry) => ({
    ...{ id: entryId(LIST, entry), public_key: entry.public_key, removed: false },
  }));
  // Before every true one in any order of keys.
  const invented = Array.from({ length: MAX_LIST_ROWS }, (_, n) => ({
    ...{ id: hex(n, '0'), public_key: hex(n, '0'), removed: false },
  }));
  const digests = new Map([[holder(0, rows, entries), 'honest']]);
  for (let n = 1; n < 5; n++) digests.set(holder(n, invented, []), 'lie');
  expect(await readList(LIST, digests, signal)).toHaveLength(800);
  // Nor when each tells its own tale.
  const tales = new Map([...digests.keys()].map((each, n) => [each, String(n)]));
  expect(await readList(LIST, tales, signal)).toHaveLength(800);
});

it('gives no more than a list may have, and what most holders have before the rest', async () => {
  const all = Array.from({ length: MAX_LIST_ENTRIES + 100 }, (_, n) => ({
    ...{ public_key: hex(n, '9'), value: 'QUFB', signature: '0'.repeat(128) },
  }));
  const named = all.map((entry) => ({
    ...{ id: entryId(LIST, entry), public_key: entry.public_key, removed: false },
  }));
  const [most, few] = [named.slice(0, 3000), named.slice(3000)];
  const digests = new Map([
    [holder(0, most, all), 'most'],
    [holder(1, most, all), 'most'],
    [holder(2, few, all), 'few'],
  ]);
  const read = await readList(LIST, digests, signal);
  expect(read).toHaveLength(MAX_LIST_ENTRIES);
  const ids = new Set(read.map((entry) => entryId(LIST, entry)));
  expect(most.every(({ id }) => ids.has(id))).toBe(true);
});
