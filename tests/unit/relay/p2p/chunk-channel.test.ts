/** Asker and answerer joined by wires instead of a link, in virtual time. */
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../../relay/p2p/byte-budget.ts';
import { ChunkAnswerer } from '../../../../relay/p2p/chunk-answerer.ts';
import { ChunkAsker } from '../../../../relay/p2p/chunk-asker.ts';
import type { ChunkWire } from '../../../../relay/p2p/chunk-wire.ts';
import { SendTurns } from '../../../../relay/p2p/send-turns.ts';
import type { LocalChunks } from '../../../../relay/services/ports.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import {
  LINK_BODY_BYTES,
  LINK_REQUEST_TIMEOUT_MS,
  MAX_ANSWER_BACKLOG,
  MAX_CHUNK_BYTES,
  MAX_REQUESTS_PER_LINK,
  MIN_CHUNK_BYTES,
} from '../../../../shared/limits.ts';
import type { Receipt } from '../../../../shared/protocol/receipt.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

const ID = parseChunkId('ab'.repeat(32));
const NONCE = '00'.repeat(16);
const never = new AbortController().signal;

let clock: VirtualClock;
let closed: AbortController;
let budget: ByteBudget;
/** Names of the messages sent, in order. */
let sent: string[];
let open: boolean;
let store: LocalChunks['store'];
let read: LocalChunks['read'];
let asker: ChunkAsker;
let answerer: ChunkAnswerer;
let turns: SendTurns;

const receiptFor = (sizeBytes: number): Receipt => ({
  relay: 'aa'.repeat(32),
  public_key: 'bb'.repeat(32),
  chunk: ID,
  size: sizeBytes,
  nonce: NONCE,
  signature: 'cc'.repeat(64),
});

beforeEach(() => {
  clock = new VirtualClock();
  closed = new AbortController();
  budget = new ByteBudget(40 * MAX_CHUNK_BYTES);
  sent = [];
  open = true;
  store = (_, chunk) => Promise.resolve(receiptFor(chunk.length));
  read = () => Promise.reject(new AppError('NOT_FOUND', 'Not here.'));
  const pass =
    <T>(name: string, handle: (message: T) => void) =>
    (message: T): boolean => {
      sent.push(name);
      handle(message);
      return open;
    };
  const wire: ChunkWire = {
    put: pass('put', (message) => answerer.onPut(message)),
    putBody: pass('putBody', (message) => answerer.onPutBody(message)),
    get: pass('get', (message) => answerer.onGet(message)),
    cancel: pass('cancel', (message) => answerer.onCancel(message)),
    stored: pass('stored', (message) => asker.onStored(message)),
    found: pass('found', (message) => asker.onFound(message)),
    foundBody: pass('foundBody', (message) => asker.onFoundBody(message)),
    failed: pass('failed', (message) => asker.onFailed(message)),
  };
  turns = new SendTurns(() => open);
  asker = new ChunkAsker(wire, turns, clock, closed.signal);
  const chunks: LocalChunks = {
    store: (...args) => store(...args),
    read: (...args) => read(...args),
    has: () => false,
  };
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  answerer = new ChunkAnswerer({ wire, turns, chunks, budget, clock, log });
});

describe('PUT', () => {
  it.each([MIN_CHUNK_BYTES, LINK_BODY_BYTES - 1, LINK_BODY_BYTES, LINK_BODY_BYTES + 1, MAX_CHUNK_BYTES])(
    'of %i bytes arrives whole, in frames',
    async (sizeBytes) => {
      const chunk = randomBytes(sizeBytes);
      let stored: Uint8Array | undefined;
      store = (_, bytes) => {
        stored = bytes;
        return Promise.resolve(receiptFor(bytes.length));
      };
      expect(await asker.put(ID, chunk, NONCE, never)).toEqual(receiptFor(sizeBytes));
      expect(Buffer.compare(stored ?? Buffer.alloc(0), chunk)).toBe(0);
      expect(sent.filter((name) => name === 'putBody')).toHaveLength(Math.ceil(sizeBytes / LINK_BODY_BYTES));
      expect(budget.usedBytes).toBe(0);
    },
  );

  it.each([
    [MAX_CHUNK_BYTES + 1, 'TOO_LARGE'],
    [MIN_CHUNK_BYTES - 1, 'BAD_INPUT'],
  ])('of %i bytes is refused: %s', async (sizeBytes, code) => {
    await expect(asker.put(ID, new Uint8Array(sizeBytes), NONCE, never)).rejects.toMatchObject({ code });
    expect(budget.usedBytes).toBe(0);
  });

  it('gives the peer’s own error', async () => {
    store = () => Promise.reject(new AppError('NO_SPACE', 'Full.'));
    await expect(asker.put(ID, new Uint8Array(500), NONCE, never)).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
  });

  it('does not tell the peer what went wrong on this machine', async () => {
    store = () => Promise.reject(new Error('EACCES: /home/me/secret'));
    const failure = await asker.put(ID, new Uint8Array(500), NONCE, never).catch((cause: unknown) => cause);
    expect(failure).toMatchObject({ code: 'INTERNAL' });
    expect(String(failure)).not.toContain('secret');
  });

  it('is refused when the memory for all links is in use, and the frames under way do no harm', async () => {
    budget.tryReserve(39 * MAX_CHUNK_BYTES + 1);
    await expect(asker.put(ID, new Uint8Array(MAX_CHUNK_BYTES), NONCE, never)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    });
    expect(sent).toContain('putBody');
    expect(budget.usedBytes).toBe(39 * MAX_CHUNK_BYTES + 1);
  });

  it('waits while the stream is full, and stops sending when it is refused meanwhile', async () => {
    open = false;
    const put = asker.put(ID, new Uint8Array(MAX_CHUNK_BYTES), NONCE, never);
    await settled();
    expect(sent).toEqual(['put']);
    asker.onFailed({ requestId: 1, error: new AppError('NO_SPACE', 'Full.') });
    await expect(put).rejects.toMatchObject({ code: 'NO_SPACE' });
    open = true;
    turns.next();
    await settled();
    expect(sent.filter((name) => name === 'putBody')).toEqual([]);
  });
});

describe('GET', () => {
  it.each([0, 1, LINK_BODY_BYTES, MAX_CHUNK_BYTES])('gives %i bytes as they lie there', async (sizeBytes) => {
    const chunk = randomBytes(sizeBytes);
    read = () => Promise.resolve(chunk);
    expect(Buffer.compare(await asker.get(ID, never), chunk)).toBe(0);
    expect(budget.usedBytes).toBe(0);
  });

  it('of what is not there is NOT_FOUND', async () => {
    await expect(asker.get(ID, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('of a file that has grown too long is CORRUPT, not a dead link', async () => {
    read = () => Promise.resolve(new Uint8Array(MAX_CHUNK_BYTES + 1));
    await expect(asker.get(ID, never)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('times out when the peer does not answer, on both sides', async () => {
    read = () => new Promise(() => undefined);
    const ended = expect(asker.get(ID, never)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await settled();
    await clock.advance(LINK_REQUEST_TIMEOUT_MS);
    await ended;
  });

  it('cancelled by its caller is cancelled at the peer', async () => {
    let finish: (chunk: Uint8Array) => void = () => undefined;
    read = () => new Promise((resolve) => (finish = resolve));
    const caller = new AbortController();
    const get = asker.get(ID, caller.signal);
    await settled();
    caller.abort();
    await expect(get).rejects.toMatchObject({ code: 'ABORTED' });
    expect(sent).toEqual(['get', 'cancel']);
    finish(new Uint8Array(10));
    await settled();
    expect(sent).toEqual(['get', 'cancel']);
    expect(budget.usedBytes).toBe(0);
    expect(asker.active).toBe(0);
  });

  it('waits for a slot beyond the limit of one link', async () => {
    const finish: (() => void)[] = [];
    read = () => new Promise((resolve) => finish.push(() => resolve(new Uint8Array(1))));
    const gets = Array.from({ length: MAX_REQUESTS_PER_LINK + 1 }, () => asker.get(ID, never));
    const answers = Promise.all(gets);
    await settled();
    expect(sent.filter((name) => name === 'get')).toHaveLength(MAX_REQUESTS_PER_LINK);
    while (asker.active > 0) {
      for (const one of finish.splice(0)) one();
      await settled();
    }
    expect(await answers).toHaveLength(MAX_REQUESTS_PER_LINK + 1);
    expect(sent.filter((name) => name === 'get')).toHaveLength(MAX_REQUESTS_PER_LINK + 1);
  });

  it('ends at once with UNAVAILABLE when the link is lost', async () => {
    read = () => new Promise(() => undefined);
    const gets = [asker.get(ID, never), asker.get(ID, never)].map((get) =>
      expect(get).rejects.toMatchObject({ code: 'UNAVAILABLE' }),
    );
    await settled();
    closed.abort(new AppError('UNAVAILABLE', 'Lost.'));
    await Promise.all(gets);
  });
});

describe('a peer that breaks the rules', () => {
  const put = { requestId: 1, id: ID, sizeBytes: 200, nonceHex: NONCE };

  it.each<[string, () => void]>([
    [
      'reuses a request id',
      () => {
        answerer.onPut(put);
        answerer.onPut(put);
      },
    ],
    ['asks with id 0', () => answerer.onGet({ requestId: 0, id: ID })],
    ['sends a body for no request', () => answerer.onPutBody({ requestId: 1, bytes: new Uint8Array(1) })],
    ['cancels no request', () => answerer.onCancel({ requestId: 7 })],
    [
      'sends more than it announced',
      () => {
        answerer.onPut(put);
        answerer.onPutBody({ requestId: 1, bytes: new Uint8Array(201) });
      },
    ],
    [
      'sends a body for a GET',
      () => {
        answerer.onGet({ requestId: 1, id: ID });
        answerer.onPutBody({ requestId: 1, bytes: new Uint8Array(1) });
      },
    ],
    ['answers what nobody asked', () => asker.onFound({ requestId: 1, sizeBytes: 5 })],
    ['fails what nobody asked', () => asker.onFailed({ requestId: 9, error: new AppError('INTERNAL', '') })],
  ])('%s: the link ends', (_, breakRule) => {
    read = () => new Promise(() => undefined);
    expect(breakRule).toThrow(AppError);
  });

  it.each<[string, () => void]>([
    ['finds more than a chunk', () => asker.onFound({ requestId: 1, sizeBytes: MAX_CHUNK_BYTES + 1 })],
    [
      'sends before it has said how much',
      () => asker.onFoundBody({ requestId: 1, bytes: new Uint8Array(1) }),
    ],
    [
      'sends more than it said',
      () => {
        asker.onFound({ requestId: 1, sizeBytes: 2 });
        asker.onFoundBody({ requestId: 1, bytes: new Uint8Array(3) });
      },
    ],
    ['answers a GET with a receipt', () => asker.onStored({ requestId: 1, receipt: receiptFor(1) })],
  ])('%s: the link ends', async (_, breakRule) => {
    read = () => new Promise(() => undefined);
    asker.get(ID, never).catch(() => undefined);
    await settled();
    expect(breakRule).toThrow(AppError);
  });

  it('asks on and reads no answer: the link ends before the answers fill the memory', async () => {
    let answers = 0;
    const full = (): boolean => false;
    const failed = (): boolean => {
      answers++;
      return false;
    };
    const wire = { put: full, putBody: full, get: full, cancel: full, stored: full, found: full };
    const log = { debug: full, info: full, warn: full, error: full };
    const chunks = { store, read, has: full };
    const other = new ChunkAnswerer({
      wire: { ...wire, foundBody: full, failed },
      ...{ turns, chunks, budget, clock, log },
    });
    const ask = async (first: number): Promise<void> => {
      for (let requestId = first; requestId < first + MAX_ANSWER_BACKLOG; requestId++) {
        other.onGet({ requestId, id: ID });
        await settled();
      }
    };
    await ask(1);
    other.onDrain();
    await ask(1 + MAX_ANSWER_BACKLOG);
    expect(answers).toBe(2 * MAX_ANSWER_BACKLOG);
    expect(() => other.onGet({ requestId: 100_000, id: ID })).toThrow(AppError);
    expect(() => other.onPut({ ...put, requestId: 100_001 })).toThrow(AppError);
    expect(budget.usedBytes).toBe(0);
  });

  it('announces chunks and sends none: its memory is free again after the timeout', async () => {
    const big = { ...put, sizeBytes: MAX_CHUNK_BYTES };
    for (let requestId = 1; requestId <= 4; requestId++) answerer.onPut({ ...big, requestId });
    expect(budget.usedBytes).toBe(4 * MAX_CHUNK_BYTES);
    answerer.close();
    expect(budget.usedBytes).toBe(0);
    const other = new ChunkAnswerer({
      wire: {
        put: () => true,
        putBody: () => true,
        get: () => true,
        cancel: () => true,
        stored: () => true,
        found: () => true,
        foundBody: () => true,
        failed: () => true,
      },
      turns,
      budget,
      clock,
      chunks: { store, read, has: () => false },
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    other.onPut(big);
    expect(budget.usedBytes).toBe(MAX_CHUNK_BYTES);
    await clock.advance(LINK_REQUEST_TIMEOUT_MS);
    expect(budget.usedBytes).toBe(0);
  });
});
