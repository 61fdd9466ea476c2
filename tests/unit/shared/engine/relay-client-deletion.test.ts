import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRelaySwarm } from '../../../../shared/engine/relay-client.ts';
import { parseChunkId, parseRelayId } from '../../../../shared/ids.ts';
import { MAX_JSON_ANSWER_BYTES } from '../../../../shared/limits.ts';
import { codeOf } from '../support/vectors.ts';
import { pseudoRandom } from './fakes.ts';
import { RelayStub, json } from './relay-stub.ts';
import { never } from './upload-bench.ts';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const CHUNK = parseChunkId('cd'.repeat(32));
const RELAY = parseRelayId(id(1));

let stub: RelayStub;
beforeEach(async () => {
  stub = await RelayStub.start();
});
afterEach(() => stub[Symbol.asyncDispose]());

describe('deleteChunks', () => {
  const deletion = { id: CHUNK, token: pseudoRandom(32, 'token'), bodyHash: pseudoRandom(32, 'body') };

  it('sends tokens and body hashes as JSON, and gives what each relay says', async () => {
    const answer = { id: CHUNK, status: 'deleted', confirmed: [id(1)], pending: [id(2)] };
    stub.handle = (_request, response) => json(response, { chunks: [answer] });
    const outcomes = await createRelaySwarm({ baseUrls: [stub.url] }).deleteChunks([deletion], never());
    expect(outcomes).toEqual([answer]);
    const [request] = stub.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/chunks/delete_batch' });
    expect(request?.headers['content-type']).toBe('application/json');
    const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
    expect(JSON.parse(String(request?.body))).toEqual({
      chunks: [{ id: CHUNK, token: hex(deletion.token), body_hash: hex(deletion.bodyHash) }],
    });
  });

  it.each([
    ['no JSON', 'deleted!'],
    ['another shape', '{"chunks":[{"id":"x","status":"deleted"}]}'],
    [
      'an unknown status',
      JSON.stringify({ chunks: [{ id: CHUNK, status: 'kept', confirmed: [], pending: [] }] }),
    ],
  ])('%s is no answer', async (_what, text) => {
    stub.handle = (_request, response) => response.writeHead(200).end(text);
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect(await codeOf(swarm.deleteChunks([deletion], never()))).toBe('UNAVAILABLE');
  });
});

describe('locate', () => {
  it('gives the holders of each chunk in order, and takes no answer about others', async () => {
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    const chunks = [{ id: CHUNK, relays: [id(1), id(2), id(1)] }];
    stub.handle = (_request, response) => json(response, { chunks, unreachable: [id(3)] });
    expect(await swarm.locate([CHUNK], never())).toEqual({
      holders: [[id(1), id(2)]],
      unreachable: [id(3)],
    });
    expect(JSON.parse(String(stub.requests[0]?.body))).toEqual({ ids: [CHUNK] });
    expect(await codeOf(swarm.locate([parseChunkId(id(5))], never()))).toBe('CORRUPT');
  });
});

describe('inventory', () => {
  const row = { id: id(9), size: 500, verifier: id(7), body_hash: id(8), stored_at: 1 };

  it('asks for one relay’s rows after an id', async () => {
    stub.handle = (_request, response) => json(response, { chunks: [row], next: row.id });
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect(await swarm.inventory(RELAY, '', 10, never())).toEqual({ rows: [row], more: true });
    stub.handle = (_request, response) => json(response, { chunks: [], next: null });
    expect(await swarm.inventory(RELAY, row.id, 10, never())).toEqual({ rows: [], more: false });
    expect(stub.requests.map(({ url, headers }) => [url, headers['x-holder']])).toEqual([
      ['/chunks?limit=10', RELAY],
      [`/chunks?limit=10&cursor=${row.id}`, RELAY],
    ]);
  });

  it('an error of the relay is told as it is, and a page without end is cut off', async () => {
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    stub.handle = (_request, response) => json(response, { error: { code: 'TIMEOUT', message: 'No.' } }, 504);
    expect(await codeOf(swarm.inventory(RELAY, '', 10, never()))).toBe('TIMEOUT');
    stub.handle = (_request, response) => response.writeHead(200).end(' '.repeat(MAX_JSON_ANSWER_BYTES + 1));
    expect(await codeOf(swarm.inventory(RELAY, '', 10, never()))).toBe('TOO_LARGE');
  });
});
