/** Deletion by real relays, over HTTP. */
import { expect, test } from 'vitest';
import { DeleteBatchAnswer, DeleteResult } from '../../shared/protocol/deletion-routes.ts';
import { HEADER, PutAnswer } from '../../shared/protocol/routes.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess, RelaySwarm } from '../helpers/relays.ts';
import { storedChunks } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';
import { ownedChunk } from '../unit/relay/deletion-fixtures.ts';
import type { OwnedChunk } from '../unit/relay/deletion-fixtures.ts';

async function put(
  entry: RelayProcess,
  { id, bytes }: OwnedChunk,
  holders: readonly RelayProcess[],
): Promise<PutAnswer> {
  const answer = await fetch(`${entry.url}/chunk/${id}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/octet-stream',
      [HEADER.nonce]: '00'.repeat(16),
      [HEADER.replicateTo]: holders.map((relay) => relay.id).join(','),
    },
    body: bytes,
  });
  return parseWith(PutAnswer, await answer.json(), 'The answer to PUT');
}

async function remove(entry: RelayProcess, chunk: OwnedChunk): Promise<DeleteResult> {
  const answer = await fetch(`${entry.url}/chunk/${chunk.id}`, {
    method: 'DELETE',
    headers: { 'x-delete-token': chunk.tombstone.token },
  });
  expect(answer.status).toBe(200);
  return parseWith(DeleteResult, await answer.json(), 'The answer to DELETE');
}

async function localStatus(relay: RelayProcess, { id }: OwnedChunk): Promise<number> {
  const answer = await fetch(`${relay.url}/chunk/${id}`, { headers: { [HEADER.localOnly]: '1' } });
  await answer.arrayBuffer();
  return answer.status;
}

function live(swarm: RelaySwarm): RelayProcess[] {
  return swarm.relays.filter((relay) => relay.alive);
}

test('a relay that was dead during a deletion never serves the chunk again', async () => {
  await using swarm = await startRelays(5);
  const [chunk, kept] = [ownedChunk(5000), ownedChunk(5000)];
  for (const each of [chunk, kept]) {
    const { receipts } = await put(swarm.entry, each, swarm.relays);
    expect(receipts).toHaveLength(5);
  }
  const victim = swarm.relays[4];
  if (victim === undefined) throw new Error('Five relays were started.');
  await victim.kill('SIGKILL');

  const result = await remove(swarm.entry, chunk);
  expect(result.status).toBe('deleted');
  expect(result.confirmed.toSorted()).toEqual(
    live(swarm)
      .map((relay) => relay.id as string)
      .sort(),
  );
  expect(result.pending.filter((relay) => relay !== victim.id)).toEqual([]);
  for (const relay of live(swarm)) {
    expect(await localStatus(relay, chunk)).toBe(410);
    expect(await localStatus(relay, kept)).toBe(200);
    expect(await storedChunks(relay.dir)).toEqual([kept.id]);
  }
  expect(await storedChunks(victim.dir)).toContain(chunk.id);

  const returned = await victim.restart();
  swarm.relays[4] = returned;
  const seen = new Set<number>();
  await until(async () => {
    seen.add(await localStatus(returned, chunk));
    return returned.ready();
  }, 'the relay that was away is ready');
  seen.add(await localStatus(returned, chunk));
  expect([...seen].filter((status) => status !== 503 && status !== 410)).toEqual([]);
  expect(seen).toContain(410);
  expect(await localStatus(returned, kept)).toBe(200);
  expect(await storedChunks(returned.dir)).toEqual([kept.id]);
  // Nor by a late PUT, to whichever relay.
  await swarm.settled();
  const late = await put(returned, chunk, swarm.relays);
  expect(late.receipts).toEqual([]);
  expect(late.failed.map(({ code }) => code)).toEqual(Array(5).fill('DELETED'));
});

test('a batch is answered chunk by chunk, with and without body hashes; what is malformed is refused', async () => {
  await using swarm = await startRelays(3);
  const chunks = Array.from({ length: 300 }, () => ownedChunk(300));
  const [stolen, unknown] = [ownedChunk(), ownedChunk()];
  for (const chunk of [...chunks, stolen]) await put(swarm.entry, chunk, swarm.relays.slice(1));
  const rows = chunks.map(({ id, tombstone }, i) =>
    i % 2 === 0 ? { id, ...tombstone } : { id, token: tombstone.token },
  );
  const batch = [
    ...rows,
    { id: stolen.id, token: unknown.tombstone.token },
    { id: unknown.id, token: unknown.tombstone.token },
    ...rows.slice(0, 1),
  ];
  const post = (body: string): Promise<Response> =>
    fetch(`${swarm.entry.url}/chunks/delete_batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  const answer = await post(JSON.stringify({ chunks: batch }));
  expect(answer.status).toBe(200);
  const results = parseWith(DeleteBatchAnswer, await answer.json(), 'The answer').chunks;
  expect(results.map(({ id }) => id)).toEqual(batch.map(({ id }) => id));
  expect(results.map(({ status }) => status)).toEqual([
    ...chunks.map(() => 'deleted'),
    'forbidden',
    'unknown',
    'deleted',
  ]);
  for (const relay of swarm.relays.slice(1)) expect(await storedChunks(relay.dir)).toEqual([stolen.id]);

  const bad = ['', '{', '[]', '{"chunks":[]}', '{"chunks":[{"id":"x","token":"y"}]}'];
  const tooMany = JSON.stringify({ chunks: Array.from({ length: 1001 }, () => rows[0]) });
  for (const body of [...bad, tooMany]) expect((await post(body)).status, body.slice(0, 40)).toBe(400);
  expect((await post(`{"x":"${'x'.repeat(600 * 1024)}"}`)).status).toBe(413);
});
