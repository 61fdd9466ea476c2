import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { parseChunkId, parseRelayId } from '../../../../shared/ids.ts';
import {
  MAX_CHUNK_BYTES,
  MAX_ERROR_MESSAGE_CHARS,
  MAX_JSON_ANSWER_BYTES,
  MAX_PEERS,
} from '../../../../shared/limits.ts';
import { createRelaySwarm } from '../../../../shared/engine/relay-client.ts';
import { pseudoRandom } from './fakes.ts';
import { RelayStub, json, peer, statusOf } from './relay-stub.ts';
import { never } from './upload-bench.ts';
import { VirtualClock } from './virtual-clock.ts';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const CHUNK = parseChunkId('cd'.repeat(32));
const RELAY = parseRelayId(id(1));
const NONCE = 'ab'.repeat(16);

let stub: RelayStub;
beforeEach(async () => {
  stub = await RelayStub.start();
});
afterEach(() => stub[Symbol.asyncDispose]());

/** Answers `/status` well and leaves the rest to `handle`. */
function relay(target: RelayStub, handle: RelayStub['handle']): void {
  target.handle = (request, response, body) => {
    if (request.url === '/status') json(response, statusOf(id(1)));
    else handle(request, response, body);
  };
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work
    .then(() => new Error('It should have failed.'))
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

describe('members', () => {
  it('follows the pages and names each relay once', async () => {
    relay(stub, (request, response) => {
      const cursor = new URL(request.url ?? '', stub.url).searchParams.get('cursor');
      if (cursor === null)
        json(response, { peers: [peer(id(1)), peer(id(2), { capacity: 0 })], next: 'a b&c' });
      else if (cursor === 'a b&c')
        json(response, { peers: [peer(id(2)), peer(id(3), { machine: 'x', distrusted: true })], next: null });
      else response.writeHead(400).end();
    });
    const members = await createRelaySwarm({ baseUrls: [stub.url] }).members(never());
    expect(members).toEqual([
      { id: id(1), capacity: 1000, machine: 'm', distrusted: false },
      { id: id(2), capacity: 0, machine: 'm', distrusted: false },
      { id: id(3), capacity: 1000, machine: 'x', distrusted: true },
    ]);
  });

  it('does not turn pages for ever', async () => {
    relay(stub, (_, response) => json(response, { peers: [peer(id(1))], next: 'again' }));
    expect(await createRelaySwarm({ baseUrls: [stub.url] }).members(never())).toHaveLength(1);
    let page = 0;
    relay(stub, (_, response) => {
      const peers = Array.from({ length: 1000 }, (__, i) => peer(id(page * 1000 + i)));
      page++;
      json(response, { peers, next: 'more' });
    });
    expect(await createRelaySwarm({ baseUrls: [stub.url] }).members(never())).toHaveLength(MAX_PEERS);
    expect(page).toBe(5);
  });

  it.each([
    ['not JSON', 'hello'],
    ['not the schema', '{"peers":[{"id":"x"}],"next":null}'],
    ['an array', '[]'],
  ])('refuses what is %s', async (_, text) => {
    relay(stub, (__, response) => response.writeHead(200).end(text));
    const error = await failure(createRelaySwarm({ baseUrls: [stub.url] }).members(never()));
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toMatch(/does not speak as a relay does/);
  });

  it('reads no more of an answer than its bound', async () => {
    relay(stub, (_, response) => {
      response.writeHead(200);
      const junk = Buffer.alloc(64 * 1024, 0x20);
      const more = (): void => {
        while (!response.destroyed && response.write(junk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const error = await failure(createRelaySwarm({ baseUrls: [stub.url] }).members(never()));
    expect(error.code).toBe('TOO_LARGE');
    expect(MAX_JSON_ANSWER_BYTES).toBeLessThan(10 ** 7);
  });

  it('refuses another version, and a relay that is not ready', async () => {
    stub.handle = (_, response) => json(response, { api: 'lanvault/2' });
    expect(await failure(createRelaySwarm({ baseUrls: [stub.url] }).members(never()))).toMatchObject({
      code: 'UNSUPPORTED',
    });
    stub.handle = (_, response) => json(response, statusOf(id(1), { ready: false }));
    expect((await failure(createRelaySwarm({ baseUrls: [stub.url] }).members(never()))).code).toBe(
      'UNAVAILABLE',
    );
  });

  it('gives up on an answer that does not come', async () => {
    const clock = new VirtualClock();
    const hanging = (_: string, init: RequestInit): Promise<Response> =>
      new Promise((__, reject) => {
        init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    const swarm = createRelaySwarm({ baseUrls: ['http://a', 'http://b'], fetch: hanging, clock });
    const error = await failure(clock.run(swarm.members(never())));
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: 'The answer of http://b took longer than 10 s.',
    });
    expect(clock.pending).toBe(0);
  });
});

describe('put', () => {
  it('sends the bytes as they are, with targets and nonce', async () => {
    const receipt = {
      relay: id(1),
      public_key: id(9),
      chunk: CHUNK,
      size: 500,
      nonce: NONCE,
      signature: id(7) + id(8),
    };
    const failed = [
      { relay: id(2), code: 'NO_SPACE' },
      { relay: id(3), code: 'ABORTED' },
      { relay: id(4), code: 'no such code' },
    ];
    relay(stub, (_, response) => json(response, { receipts: [receipt], failed }));
    const chunk = pseudoRandom(100_000);
    const targets = [RELAY, parseRelayId(id(2))];
    const outcome = await createRelaySwarm({ baseUrls: [stub.url] }).put(
      CHUNK,
      chunk,
      targets,
      NONCE,
      never(),
    );
    expect(outcome.receipts).toEqual([receipt]);
    // Codes that are a relay's own business are all the same to a client.
    expect(outcome.failed.map(({ code }) => code)).toEqual(['NO_SPACE', 'UNAVAILABLE', 'UNAVAILABLE']);
    const [request] = stub.requests;
    expect(request).toMatchObject({ method: 'PUT', url: `/chunk/${CHUNK}` });
    expect(request?.body.equals(chunk)).toBe(true);
    expect(request?.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '100000',
      'x-replicate-to': `${id(1)},${id(2)}`,
      'x-client-nonce': NONCE,
    });
    expect(chunk.byteLength).toBe(100_000);
  });

  it('hands a Blob to fetch', async () => {
    let body: unknown;
    const fetch = (_: string, init: RequestInit): Promise<Response> => {
      body = init.body;
      return Promise.resolve(Response.json({ receipts: [], failed: [] }));
    };
    await createRelaySwarm({ baseUrls: ['http://a'], fetch }).put(
      CHUNK,
      pseudoRandom(200),
      [RELAY],
      NONCE,
      never(),
    );
    expect(body).toBeInstanceOf(Blob);
  });

  it('refuses receipts that are not what the schema says', async () => {
    relay(stub, (_, response) => json(response, { receipts: [{ relay: '../..' }], failed: [] }));
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect((await failure(swarm.put(CHUNK, pseudoRandom(200), [RELAY], NONCE, never()))).code).toBe(
      'UNAVAILABLE',
    );
  });

  it('names at most eight relays', async () => {
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    const targets = Array.from({ length: 9 }, (_, i) => parseRelayId(id(i)));
    for (const wrong of [targets, []])
      expect((await failure(swarm.put(CHUNK, pseudoRandom(9), wrong, NONCE, never()))).code).toBe(
        'BAD_INPUT',
      );
  });
});

describe('get', () => {
  it('reads from one holder, or from wherever', async () => {
    const chunk = pseudoRandom(MAX_CHUNK_BYTES);
    relay(stub, (_, response) => response.writeHead(200).end(chunk));
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect(Buffer.compare(await swarm.get(CHUNK, RELAY, never()), chunk)).toBe(0);
    await swarm.get(CHUNK, null, never());
    expect(stub.requests.map(({ headers }) => headers['x-holder'])).toEqual([id(1), undefined]);
  });

  it.each([
    ['announced', { 'content-length': String(MAX_CHUNK_BYTES + 1) }],
    ['streamed', {}],
  ])('refuses more than a chunk, %s', async (_, headers) => {
    relay(stub, (__, response) => response.writeHead(200, headers).end(pseudoRandom(MAX_CHUNK_BYTES + 1)));
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect((await failure(swarm.get(CHUNK, RELAY, never()))).code).toBe('TOO_LARGE');
  });

  it('says UNAVAILABLE when the connection breaks in the middle', async () => {
    relay(stub, (_, response) => {
      response
        .writeHead(200, { 'content-length': '1000' })
        .write(pseudoRandom(500), () => response.destroy());
    });
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect((await failure(swarm.get(CHUNK, RELAY, never()))).code).toBe('UNAVAILABLE');
  });

  it('can be aborted before and amid the body', async () => {
    const controller = new AbortController();
    relay(stub, (_, response) => {
      response
        .writeHead(200, { 'content-length': '1000' })
        .write(pseudoRandom(500), () => controller.abort());
    });
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect((await failure(swarm.get(CHUNK, RELAY, controller.signal))).code).toBe('ABORTED');
    expect((await failure(swarm.get(CHUNK, RELAY, AbortSignal.abort()))).code).toBe('ABORTED');
  });

  it('does not follow redirects', async () => {
    await using other = await RelayStub.start((_, response) => response.writeHead(200).end('secret'));
    relay(stub, (_, response) => response.writeHead(302, { location: `${other.url}/x` }).end());
    const swarm = createRelaySwarm({ baseUrls: [stub.url] });
    expect((await failure(swarm.get(CHUNK, RELAY, never()))).code).toBe('UNAVAILABLE');
    expect(other.requests).toHaveLength(0);
  });

  it('asks for no cache and sends no credentials', async () => {
    let init: RequestInit = {};
    const fetch = (_: string, given: RequestInit): Promise<Response> => {
      init = given;
      return Promise.resolve(new Response('x'));
    };
    await createRelaySwarm({ baseUrls: ['http://a'], fetch }).get(CHUNK, null, never());
    expect(init).toMatchObject({ cache: 'no-store', credentials: 'omit', redirect: 'error' });
  });
});

describe('errors', () => {
  const get = (): Promise<AppError> =>
    failure(createRelaySwarm({ baseUrls: [stub.url] }).get(CHUNK, RELAY, never()));

  it('keep code and message', async () => {
    relay(stub, (_, response) => json(response, { error: { code: 'NO_SPACE', message: 'Full.' } }, 507));
    expect(await get()).toMatchObject({ code: 'NO_SPACE', message: 'Full.' });
  });

  it.each(['ABORTED', 'FILE_CHANGED', 'IO', 'INTERNAL', 'toString', ''])(
    'with a code that is not the relay’s to give are its own trouble: %s',
    async (code) => {
      relay(stub, (_, response) => json(response, { error: { code, message: 'm' } }, 500));
      expect((await get()).code).toBe('UNAVAILABLE');
    },
  );

  it.each([
    [404, 'NOT_FOUND'],
    [413, 'TOO_LARGE'],
    [429, 'RATE_LIMITED'],
    [502, 'UNAVAILABLE'],
    [504, 'TIMEOUT'],
    [507, 'NO_SPACE'],
  ])('without a body go by their status: %i', async (status, code) => {
    relay(stub, (_, response) => response.writeHead(status).end('<html>oops</html>'));
    expect(await get()).toMatchObject({ code, message: `The relay answered with HTTP status ${status}.` });
  });

  it('do not flood a terminal', async () => {
    const message = `\u001b[31m${'x'.repeat(5000)}\n\n`;
    relay(stub, (_, response) => json(response, { error: { code: 'NOT_FOUND', message } }, 404));
    const error = await get();
    expect(error.message.length).toBeLessThanOrEqual(MAX_ERROR_MESSAGE_CHARS);
    expect(error.message).not.toMatch(/\p{C}/u);
  });

  it('of endless length are cut', async () => {
    relay(stub, (_, response) => response.writeHead(404).end(Buffer.alloc(10 ** 6)));
    expect((await get()).code).toBe('NOT_FOUND');
  });
});

describe('several entry relays', () => {
  it('moves on from one that does not answer, and stays with one that does', async () => {
    const gone = await RelayStub.start();
    await gone[Symbol.asyncDispose]();
    relay(stub, (_, response) => json(response, { peers: [peer(id(1))], next: null }));
    const asked: string[] = [];
    const counting = (url: string, init: RequestInit): Promise<Response> => {
      asked.push(new URL(url).origin);
      return fetch(url, init);
    };
    const swarm = createRelaySwarm({ baseUrls: [gone.url, stub.url], fetch: counting });
    expect(await swarm.members(never())).toHaveLength(1);
    expect(await swarm.members(never())).toHaveLength(1);
    expect(asked).toEqual([gone.url, stub.url, stub.url, stub.url]);
  });

  it('does not move on for an error that is an answer', async () => {
    relay(stub, (_, response) => json(response, { error: { code: 'NOT_FOUND', message: 'Not here.' } }, 404));
    await using other = await RelayStub.start((_, response) => response.writeHead(200).end('x'));
    const swarm = createRelaySwarm({ baseUrls: [stub.url, other.url] });
    expect((await failure(swarm.get(CHUNK, RELAY, never()))).code).toBe('NOT_FOUND');
    expect(other.requests).toHaveLength(0);
  });

  it('sends the whole chunk again to the next', async () => {
    stub.handle = (request) => request.socket.destroy();
    await using other = await RelayStub.start((_, response) => json(response, { receipts: [], failed: [] }));
    const chunk = pseudoRandom(50_000);
    const swarm = createRelaySwarm({ baseUrls: [stub.url, other.url] });
    await swarm.put(CHUNK, chunk, [RELAY], NONCE, never());
    expect(other.requests[0]?.body.equals(chunk)).toBe(true);
  });

  it('says who was asked last when nobody answers', async () => {
    const gone = await RelayStub.start();
    await gone[Symbol.asyncDispose]();
    const error = await failure(createRelaySwarm({ baseUrls: [gone.url] }).members(never()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: `No relay answers at ${gone.url}.` });
  });

  it.each([[[]], [['relay']], [['ftp://a']], [['file:///etc/passwd']]])('refuses %j', (baseUrls) => {
    expect(() => createRelaySwarm({ baseUrls })).toThrow(AppError);
  });
});
