import { describe, expect, it } from 'vitest';
import { answerInventory } from '../../../../relay/services/inventory.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { PeerRpc } from '../../../../relay/services/rpc.ts';
import { AppError } from '../../../../shared/errors.ts';
import { INVENTORY_ROWS_PER_RPC, MAX_RPC_BYTES } from '../../../../shared/limits.ts';
import { ChunksPage } from '../../../../shared/protocol/routes.ts';
import type { ChunkEntry } from '../../../../shared/protocol/routes.ts';
import { parseJsonWith, parseWith } from '../../../../shared/protocol/schemas.ts';
import { relayRig } from '../relay-rig.ts';
import { fakeRelay } from '../services/fake-swarm.ts';

const peer = fakeRelay();

function entry(n: number): ChunkEntry {
  const hex = n.toString(16).padStart(64, '0');
  // As long as a row can be.
  const large = Number.MAX_SAFE_INTEGER;
  return { id: hex, size: large, verifier: hex, body_hash: hex, stored_at: large };
}

/** A link to one peer with these rows, over JSON as on the wire. */
function linkTo(rows: readonly ChunkEntry[], twist: (chunks: ChunkEntry[]) => ChunkEntry[] = (c) => c) {
  const router = new RpcRouter();
  answerInventory(router, (after, limit) => rows.filter(({ id }) => id > after).slice(0, limit), {
    spend: () => undefined,
  });
  const state = { calls: 0, mostBytes: 0 };
  const rpc: PeerRpc = {
    async call(to, method, params, signal) {
      state.calls++;
      if (to !== peer.id) throw new AppError('UNAVAILABLE', 'No such relay.');
      const answer = (await router.answer(method.name, params, to, signal)) as { chunks: ChunkEntry[] };
      const text = JSON.stringify({ chunks: twist(answer.chunks) });
      state.mostBytes = Math.max(state.mostBytes, text.length);
      return parseWith(method.result, JSON.parse(text), 'The answer');
    },
  };
  return { rpc, state };
}

describe('GET /chunks of another relay', () => {
  it('lists all its chunks through pages of any size, in messages that fit a frame', async () => {
    const rows = Array.from({ length: 2 * INVENTORY_ROWS_PER_RPC + 7 }, (_, n) => entry(n + 1));
    const { rpc, state } = linkTo(rows);
    await using rig = await relayRig({ peers: [peer.id], rpc });
    for (const limit of [7, INVENTORY_ROWS_PER_RPC, 1000]) {
      const seen: ChunkEntry[] = [];
      let cursor = '';
      for (;;) {
        const url = `/chunks?limit=${limit}${cursor}`;
        const answer = await rig.server.inject({ url, headers: { 'x-holder': peer.id } });
        expect(answer.statusCode).toBe(200);
        const page = parseJsonWith(ChunksPage, answer.body, 'The page');
        expect(page.chunks.length).toBeLessThanOrEqual(limit);
        seen.push(...page.chunks);
        if (page.next === null) break;
        cursor = `&cursor=${page.next}`;
      }
      expect(seen).toEqual(rows);
    }
    expect(state.mostBytes).toBeLessThan(MAX_RPC_BYTES);
  });

  it('its own id, or none, means the answering relay', async () => {
    const { rpc, state } = linkTo([entry(1)]);
    await using rig = await relayRig({ rpc });
    for (const headers of [{}, { 'x-holder': rig.id }]) {
      const answer = await rig.server.inject({ url: '/chunks', headers });
      expect(answer.json()).toEqual({ chunks: [], next: null });
    }
    expect(state.calls).toBe(0);
  });

  it('is an error, not an empty list, when the relay cannot be asked', async () => {
    await using rig = await relayRig({ rpc: linkTo([entry(1)]).rpc });
    const answer = await rig.server.inject({ url: '/chunks', headers: { 'x-holder': fakeRelay().id } });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  });

  it.each([
    ['rows out of order', (rows: ChunkEntry[]) => rows.reverse()],
    ['the same row for ever', ([first]: ChunkEntry[]) => (first === undefined ? [] : [first, first])],
    ['rows before the cursor', () => [entry(1)]],
    ['more rows than asked for', () => Array.from({ length: 50 }, (_, n) => entry(1000 + n))],
  ])('%s are refused', async (_what, twist) => {
    const rows = Array.from({ length: 20 }, (_, n) => entry(n + 1));
    await using rig = await relayRig({ rpc: linkTo(rows, twist).rpc });
    const url = `/chunks?limit=10&cursor=${entry(5).id}`;
    const answer = await rig.server.inject({ url, headers: { 'x-holder': peer.id } });
    expect(answer.statusCode).toBe(422);
  });

  it.each([['xyz'], ['A'.repeat(64)], ['a'.repeat(65)]])('a cursor like %s is refused', async (cursor) => {
    const { rpc, state } = linkTo([entry(1)]);
    await using rig = await relayRig({ rpc });
    const url = `/chunks?cursor=${cursor}`;
    expect((await rig.server.inject({ url, headers: { 'x-holder': peer.id } })).statusCode).toBe(400);
    expect(state.calls).toBe(0);
  });

  it('a holder that is no relay id is refused', async () => {
    await using rig = await relayRig();
    const answer = await rig.server.inject({ url: '/chunks', headers: { 'x-holder': 'somebody' } });
    expect(answer.statusCode).toBe(400);
  });
});
