/** The OpenAPI document is complete and true: every operation, called by a client generated from it, answers as it says. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fromHex, toHex } from '../../shared/bytes.ts';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import { signAtomic, signRemoval } from '../../shared/protocol/records.ts';
import { newSwarmKeyText, parseSwarmKey, swarmProof } from '../../shared/protocol/swarm-key.ts';
import { sessionContext } from '../../shared/protocol/swarm-session.ts';
import { GeneratedClient } from '../helpers/generated-client.ts';
import type { Call } from '../helpers/generated-client.ts';
import type { RelayProcess, RelaySwarm } from '../helpers/relays.ts';
import { startRelays } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';
import { ownedChunk } from '../helpers/virtual-chunk.ts';
import { signed, signerOf } from '../unit/relay/catalog/catalog-rig.ts';

const UNKNOWN = 'ab'.repeat(32);
const NONCE = '3b'.repeat(16);

async function operatorOf(relay: RelayProcess): Promise<Record<string, string>> {
  const token = await readFile(path.join(relay.dir, 'operator.token'), 'utf8');
  return { authorization: `Bearer ${token.trim()}` };
}

/** What the document's own examples say to send. */
function exampleCall({ document }: GeneratedClient, operationId: string): Call {
  for (const methods of Object.values(document.paths)) {
    for (const value of Object.values(methods ?? {})) {
      const operation = value as {
        operationId: string;
        parameters: { name: string; required: boolean; example?: string }[];
        requestBody?: { content: Record<string, { example?: object }> };
      };
      if (operation.operationId !== operationId) continue;
      const needed = operation.parameters.filter(({ required }) => required);
      const params = Object.fromEntries(needed.map(({ name, example }) => [name, example ?? 'no example']));
      if (operation.requestBody === undefined) return { params };
      const body =
        operation.requestBody.content['application/json']?.example ?? ownedChunk(Math.random).bytes;
      return { params, body };
    }
  }
  throw new Error(`No operation ${operationId}.`);
}

/** Opens the stream that the document describes, under the URL's query if there is one; each message is held against it. */
async function listen(client: GeneratedClient, url: string): Promise<{ seen: Set<string> }> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  onTestFinished(() => socket.close());
  const seen = new Set<string>();
  socket.addEventListener('message', ({ data }) => {
    const event = JSON.parse(String(data)) as { type: string };
    client.check('events', 101, 'application/json', event);
    seen.add(event.type);
  });
  await Promise.race([
    once(socket, 'open'),
    once(socket, 'error').then(() => {
      throw new Error('The stream of events does not open.');
    }),
  ]);
  return { seen };
}

test('every operation of a public swarm’s relay answers as its document says', async () => {
  await using swarm: RelaySwarm = await startRelays(3);
  const { entry } = swarm;
  const [, second, third] = swarm.relays;
  if (second === undefined || third === undefined) throw new Error('Three relays were started.');
  const client = await GeneratedClient.of(entry.url);
  const status = async (operationId: string, call: Call = {}): Promise<number> =>
    (await client.call(operationId, call)).status;
  const events = await listen(client, `${entry.url}/events`);

  for (const operationId of [
    'health',
    'readiness',
    'status',
    'peers',
    'topology',
    'metrics',
    'openapi',
    'catalog',
  ])
    expect(await status(operationId), operationId).toBe(200);
  expect(await status('peers', { params: { limit: 10_001 } })).toBe(400);
  expect(await status('events')).toBe(404);

  const chunk = ownedChunk(Math.random);
  const named = swarm.relays.map(({ id }) => id).join(',');
  const put = {
    params: { id: chunk.id, 'x-client-nonce': NONCE, 'x-replicate-to': named },
    body: chunk.bytes,
  };
  const stored = await client.call('putChunk', put);
  expect(stored.json).toMatchObject({ receipts: [{}, {}, {}], failed: [] });
  expect(
    (await client.call('putChunk', { ...put, params: { ...put.params, 'x-replicate-to': UNKNOWN } })).json,
  ).toMatchObject({ receipts: [], failed: [{ relay: UNKNOWN, code: 'UNAVAILABLE' }] });
  const other = ownedChunk(Math.random);
  expect(await status('putChunk', { ...put, params: { ...put.params, id: other.id } })).toBe(400);
  expect(await status('putChunk', { ...put, body: randomBytes(MAX_CHUNK_BYTES + 1) })).toBe(413);
  await expect(
    status('putChunk', { params: { id: 'no id', 'x-client-nonce': NONCE }, body: chunk.bytes }),
  ).resolves.toBe(400);

  const got = await client.call('getChunk', { params: { id: chunk.id } });
  expect(Buffer.from(got.bytes).equals(chunk.bytes)).toBe(true);
  expect(await status('getChunk', { params: { id: chunk.id, 'x-holder': second.id } })).toBe(200);
  expect(await status('getChunk', { params: { id: UNKNOWN } })).toBe(404);
  expect(await status('getChunk', { params: { id: chunk.id, 'x-holder': UNKNOWN } })).toBe(503);
  expect(await status('getChunkHead', { params: { id: chunk.id } })).toBe(200);
  expect(await status('getChunkHead', { params: { id: UNKNOWN } })).toBe(404);
  expect(await status('chunks', { params: { limit: 1 } })).toBe(200);
  expect(await status('chunks', { params: { 'x-holder': second.id } })).toBe(200);
  expect(await status('chunks', { params: { 'x-holder': UNKNOWN } })).toBe(503);
  expect(await status('chunks', { params: { limit: 0 } })).toBe(400);

  expect((await client.call('auditChunk', { body: { id: chunk.id, nonce: NONCE } })).json).toMatchObject({
    hash: {},
  });
  expect(await status('auditChunk', { body: { id: UNKNOWN, nonce: NONCE } })).toBe(404);
  expect(await status('auditChunk', { body: { id: UNKNOWN, nonce: 'x'.repeat(2000) } })).toBe(413);
  expect((await client.call('locateChunks', { body: { ids: [chunk.id] } })).json).toMatchObject({
    chunks: [{ relays: [{}, {}, {}] }],
  });
  expect(await status('locateChunks', { body: { ids: [] } })).toBe(400);
  expect((await client.call('findRelay', { params: { id: second.id } })).json).toMatchObject({ found: true });
  expect((await client.call('findRelay', { params: { id: UNKNOWN } })).json).toMatchObject({ found: false });
  expect(await status('findRelay', { params: { id: 'x' } })).toBe(400);

  const signer = await signerOf(Math.floor(Math.random() * 2 ** 32));
  const record = await signAtomic(signer, 2, 'bmV3');
  const public_key = toHex(signer.publicKey);
  expect((await client.call('getRecord', { params: { public_key } })).json).toEqual({ record: null });
  expect(await status('putRecord', { body: record })).toBe(200);
  expect((await client.call('getRecord', { params: { public_key } })).json).toEqual({ record });
  expect(await status('putRecord', { body: await signAtomic(signer, 1, 'b2xk') })).toBe(409);
  expect(await status('putRecord', { body: { ...record, seq: 3 } })).toBe(403);
  expect(await status('getRecord', { params: { public_key: 'x' } })).toBe(400);

  const publication = await signed(signer);
  expect(await status('publish', { body: publication.entry })).toBe(200);
  expect((await client.call('catalog', { params: { q: 'THESIS' } })).json).toMatchObject({
    entries: [{ id: publication.id }],
  });
  expect(await status('catalog', { params: { cursor: 'x' } })).toBe(400);
  const removal = await signRemoval(signer, publication.list, publication.id);
  const unpublish = { params: { entry: publication.id }, body: removal };
  expect(
    await status('unpublish', { ...unpublish, body: { ...removal, signature: UNKNOWN + UNKNOWN } }),
  ).toBe(403);
  expect(await status('unpublish', unpublish)).toBe(200);
  expect(await status('publish', { body: publication.entry })).toBe(410);

  const { id, token, bodyHash: body_hash } = chunk;
  const remove = { params: { id, 'x-delete-token': token, 'x-body-hash': body_hash } };
  expect(await status('deleteChunk', { params: { ...remove.params, 'x-delete-token': UNKNOWN } })).toBe(403);
  expect(await status('deleteChunk', { params: { id: UNKNOWN, 'x-delete-token': token } })).toBe(404);
  expect((await client.call('deleteChunk', remove)).json).toMatchObject({ status: 'deleted' });
  expect(await status('putChunk', put)).toBe(200);
  expect(await status('putChunk', { ...put, params: { id, 'x-client-nonce': NONCE } })).toBe(410);
  expect(await status('getChunk', { params: { id, 'x-local-only': '1' } })).toBe(410);
  expect(
    (await client.call('deleteBatch', { body: { chunks: [{ id, token: UNKNOWN, body_hash }] } })).json,
  ).toMatchObject({
    chunks: [{ status: 'forbidden' }],
  });
  expect(await status('deleteBatch', { body: { chunks: [] } })).toBe(400);

  const headers = await operatorOf(entry);
  expect((await client.call('addRelay', { headers, body: { address: second.url } })).json).toMatchObject({
    known: true,
  });
  expect(await status('addRelay', { headers, body: { address: entry.url } })).toBe(409);
  expect(await status('addRelay', { body: { address: second.url } })).toBe(403);
  for (const operationId of ['repairStatus', 'repair', 'unjoinStatus']) {
    expect(await status(operationId), operationId).toBe(403);
    expect(await status(operationId, { headers }), operationId).toBe(200);
  }
  expect(await status('sessionChallenge')).toBe(404);
  await until(
    () => Promise.resolve(events.seen.has('chunk-stored') && events.seen.has('chunk-deleted')),
    'events came',
  );

  // To another host's name: refused, whatever is asked.
  for (const operationId of client.operationIds) {
    const call = exampleCall(client, operationId);
    const refused = await client.call(operationId, { ...call, headers: { host: 'evil.example' } });
    expect(refused.status, operationId).toBe(403);
  }

  expect(await status('unjoin', { headers })).toBe(200);
  const open = ['openSession', 'sessionChallenge', 'sessionTicket'];
  for (const operationId of client.operationIds) {
    const statuses = [...(client.answered.get(operationId) ?? [])];
    expect(
      statuses.some((code) => code < 300),
      `${operationId} has succeeded`,
    ).toBe(!open.includes(operationId));
    expect(
      statuses.some((code) => code >= 400),
      `${operationId} has failed`,
    ).toBe(true);
  }
});

test('a private swarm’s relay answers as its document says, without a session and with one', async () => {
  await using swarm = await startRelays(0);
  const keyFile = path.join(swarm.dir, 'swarm.key');
  await writeFile(keyFile, newSwarmKeyText());
  const key = parseSwarmKey(await readFile(keyFile, 'utf8'));
  const relay = await swarm.add(['--swarm-key', keyFile]);
  const client = await GeneratedClient.of(relay.url);

  const { challenge } = (await client.call('sessionChallenge')).json as { challenge: string };
  const proofOf = (nonce: string): string =>
    toHex(swarmProof(key.client, 'client', sessionContext(challenge, nonce)));
  const wrong = await client.call('openSession', { body: { challenge, nonce: NONCE, proof: UNKNOWN } });
  expect(wrong.status).toBe(403);
  const session = await client.call('openSession', {
    body: { challenge, nonce: NONCE, proof: proofOf(NONCE) },
  });
  const { token, proof } = session.json as { token: string; proof: string };
  expect(fromHex(proof)).toEqual(swarmProof(key.client, 'relay', sessionContext(challenge, NONCE)));

  for (const operationId of client.operationIds) {
    const alternatives = client.security(operationId);
    const call = exampleCall(client, operationId);
    const { status } = await client.call(operationId, call);
    const needsSession = alternatives.some((names) => names.includes('swarmSession'));
    expect(status === 401, `${operationId} without a session: ${String(status)}`).toBe(needsSession);
    if (!needsSession) continue;
    const inside = await client.call(operationId, { ...call, headers: { 'x-swarm-session': token } });
    const operatorOnly = alternatives.every((names) => names.includes('operatorToken'));
    const refused = JSON.stringify(inside.json ?? '').includes('operator.token');
    expect(refused, `${operationId} with a session alone`).toBe(operatorOnly);
    expect(inside.status, operationId).not.toBe(401);
  }
  expect((await client.call('metrics', { headers: await operatorOf(relay) })).status).toBe(200);
  const issued = await client.call('sessionTicket', { headers: { 'x-swarm-session': token } });
  const { ticket } = issued.json as { ticket: string };
  await listen(client, `${relay.url}/events?ticket=${ticket}`);
});
