import { beforeEach, expect, it } from 'vitest';
import type { AuditResult } from '../../../../relay/services/care/audit.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { Trust } from '../../../../relay/services/care/trust.ts';
import { parseChunkId, parseRelayId } from '../../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import { DISTRUST_MS } from '../../../../shared/limits.ts';
import type { RelayEvent } from '../../../../shared/protocol/events.ts';
import { ManualClock } from '../relay-rig.ts';

const relay: RelayId = parseRelayId('1'.padStart(64, '0'));
const chunkId = (n: number): ChunkId => parseChunkId(n.toString(16).padStart(64, '0'));
const never = new AbortController().signal;
let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

function trust(results: (id: ChunkId) => AuditResult): {
  trust: Trust;
  asked: ChunkId[];
  told: RelayEvent[];
} {
  const told: RelayEvent[] = [];
  const events = new EventBus(() => 0);
  events.subscribe((event) => told.push(event));
  const asked: ChunkId[] = [];
  const audit = (_: RelayId, id: ChunkId): Promise<AuditResult> => {
    asked.push(id);
    return Promise.resolve(results(id));
  };
  return { trust: new Trust({ clock, random: () => 0, events, audit }), asked, told };
}

const claims = (count: number): Set<ChunkId> => new Set(Array.from({ length: count }, (_, n) => chunkId(n)));
/** With `random` at 0, the claims are picked in their order. */
const inOrder =
  (...results: AuditResult[]) =>
  (id: ChunkId): AuditResult =>
    results[Number.parseInt(id, 16)] ?? 'proven';

it('believes after one proof', async () => {
  const { trust: one, asked } = trust(() => 'proven');
  expect((await one.judge(relay, claims(100), never)).held?.size).toBe(100);
  expect(asked).toHaveLength(1);
});

it('does not count one rotten replica as a lie', async () => {
  const { trust: one } = trust(inOrder('refuted'));
  expect((await one.judge(relay, claims(12), never)).held?.size).toBe(11);
  expect(one.distrusted().size).toBe(0);
});

it('does not listen to a liar for a while', async () => {
  const { trust: one, asked, told } = trust(() => 'refuted');
  expect((await one.judge(relay, claims(100), never)).held?.size).toBe(0);
  expect(told).toEqual([{ type: 'peer-distrusted', at: 0, id: relay }]);
  const before = asked.length;
  expect((await one.judge(relay, claims(100), never)).held?.size).toBe(0);
  expect(asked).toHaveLength(before);
  clock.advance(DISTRUST_MS);
  expect(one.distrusted().size).toBe(0);
});

it('knows nothing of a relay that does not answer', async () => {
  expect((await trust(() => 'unknown').trust.judge(relay, claims(9), never)).held).toBeNull();
});

it('asks on where a chunk has been deleted since it was claimed: neither proof nor lie', async () => {
  const { trust: one, asked } = trust(inOrder('gone', 'gone', 'gone', 'gone', 'gone', 'proven'));
  const { held } = await one.judge(relay, claims(12), never);
  expect(asked).toHaveLength(6);
  expect(held).toEqual(new Set([...claims(12)].slice(5)));
  expect(one.distrusted().size).toBe(0);
});

it('a relay all of whose claims have been deleted since holds none of them, and is no liar', async () => {
  const { trust: one } = trust(() => 'gone');
  expect((await one.judge(relay, claims(4), never)).held?.size).toBe(0);
  expect(one.distrusted().size).toBe(0);
});

it('believes nobody who calls everything deleted, and does not ask for ever', async () => {
  const { trust: one, asked } = trust(() => 'gone');
  expect((await one.judge(relay, claims(12), never)).held).toBeNull();
  expect(asked.length).toBeLessThan(12);
  expect(one.distrusted().size).toBe(0);
});

it('is not taken in by a liar that calls some chunks deleted', async () => {
  const { trust: one } = trust(inOrder('gone', 'refuted', 'gone', 'refuted', 'refuted', 'refuted'));
  expect((await one.judge(relay, claims(12), never)).held?.size).toBe(0);
  expect(one.distrusted()).toEqual(new Set([relay]));
});
