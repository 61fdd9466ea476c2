/** Two ends of `lanvault/rpc/1` joined without a stream, in virtual time. */
import Type from 'typebox';
import { beforeEach, describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../../relay/p2p/byte-budget.ts';
import { openRpcChannel } from '../../../../relay/p2p/rpc-channel.ts';
import type { RpcChannel } from '../../../../relay/p2p/rpc-channel.ts';
import { RpcRouter, rpcMethod } from '../../../../relay/services/rpc.ts';
import { utf8 } from '../../../../shared/bytes.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import {
  LINK_RPC_TIMEOUT_MS,
  MAX_ANSWER_BACKLOG,
  MAX_RPCS_PER_LINK,
  MAX_RPC_BACKLOG_BYTES,
  MAX_RPC_BYTES,
} from '../../../../shared/limits.ts';
import { silentLog } from '../fixtures.ts';
import { muxPair } from './fake-mux.ts';
import type { FakeMux } from './fake-mux.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

const [REQUEST, ANSWER, FAILED, CANCEL] = [0, 1, 2, 3];
const ASKER = parseRelayId('aa'.repeat(32));
const ANSWERER = parseRelayId('bb'.repeat(32));
const ECHO = rpcMethod('test.echo', Type.String(), Type.String());
const HANG = rpcMethod('test.hang', Type.Null(), Type.Null());
const FILL = rpcMethod('test.fill', Type.Integer(), Type.String());
const FAIL = rpcMethod('test.fail', Type.String(), Type.Null());
const never = new AbortController().signal;

let clock: VirtualClock;
let askersMux: FakeMux;
let answerersMux: FakeMux;
let asker: RpcChannel;
let answerer: RpcChannel;
let closed: AbortController;
let budget: ByteBudget;
let logged: string[];
/** Signals of the handlers that hang. */
let hanging: AbortSignal[];
/** What hanging handlers do when their signal fires. */
let heeds: boolean;

beforeEach(() => {
  clock = new VirtualClock();
  closed = new AbortController();
  budget = new ByteBudget(100 * MAX_RPC_BYTES);
  logged = [];
  hanging = [];
  heeds = true;
  [askersMux, answerersMux] = muxPair();
  const router = new RpcRouter();
  router.handle(ECHO, (text, from) => `${from.slice(0, 2)} ${text}`);
  router.handle(FILL, (sizeBytes) => 'x'.repeat(sizeBytes));
  router.handle(FAIL, (code) => {
    if (code === 'bug') throw new TypeError('secret: /home/me');
    throw new AppError(code as 'ABORTED', 'x'.repeat(1000));
  });
  router.handle(HANG, (_, __, signal) => {
    hanging.push(signal);
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        if (heeds) reject(signal.reason as Error);
      });
    });
  });
  const log = { ...silentLog, error: (_: object, message: string) => logged.push(message) };
  const common = { clock, log, budget, closed: closed.signal, onClose: () => undefined };
  asker = openRpcChannel({ ...common, mux: askersMux.mux, peer: ANSWERER, router: new RpcRouter() });
  answerer = openRpcChannel({ ...common, mux: answerersMux.mux, peer: ASKER, router });
});

function hang(signal = never): Promise<unknown> {
  return asker.call(HANG.name, null, signal);
}

/** Time passes until requests that have been made before run out of it. */
async function timeOut(): Promise<void> {
  await settled();
  await clock.advance(LINK_RPC_TIMEOUT_MS);
}

function say(type: number, message: unknown): void {
  askersMux.send(type, typeof message === 'string' ? utf8(message) : utf8(JSON.stringify(message)));
}

/** Requests by a peer that keeps no limit of its own. */
function askRaw(method: string, params: unknown, count: number, firstId = 1): void {
  for (let i = 0; i < count; i++) say(REQUEST, { id: firstId + i, method, params });
}

describe('a request', () => {
  it('gets its answer, and the handler knows who asks', async () => {
    const answers = await Promise.all(['one', 'two'].map((text) => asker.call(ECHO.name, text, never)));
    expect(answers).toEqual(['aa one', 'aa two']);
    expect([asker.active, answerer.active, answerer.received]).toEqual([0, 0, 2]);
  });

  it.each(['NOT_FOUND', 'NO_SPACE', 'TOO_LARGE'])('gets the peer’s %s, shortened', async (code) => {
    const failure = await asker.call(FAIL.name, code, never).catch((cause: unknown) => cause as AppError);
    expect(failure).toMatchObject({ code, message: 'x'.repeat(200) });
  });

  it('a handler’s bug is INTERNAL, told to the log and not to the peer', async () => {
    await expect(asker.call(FAIL.name, 'bug', never)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'The relay failed.',
    });
    expect(logged).toEqual(['a peer’s request failed']);
  });

  it('that the peer calls cancelled was not cancelled by the caller', async () => {
    await expect(asker.call(FAIL.name, 'ABORTED', never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('for a method that is not known is UNSUPPORTED, and with bad params BAD_INPUT', async () => {
    await expect(asker.call('no.such', null, never)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(asker.call(ECHO.name, 7, never)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(askersMux.fault).toBeUndefined();
  });

  it('too long for a frame is TOO_LARGE, and so is an answer; the link goes on', async () => {
    await expect(asker.call(ECHO.name, 'x'.repeat(MAX_RPC_BYTES), never)).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    await expect(asker.call(FILL.name, MAX_RPC_BYTES, never)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(await asker.call(ECHO.name, 'on', never)).toBe('aa on');
  });

  it('beyond the number that a link takes waits for its turn, and is not refused', async () => {
    const calls = Array.from({ length: MAX_RPCS_PER_LINK }, () => hang().catch(() => 'over'));
    const late = asker.call(ECHO.name, 'late', never);
    await settled();
    expect(answerer.received).toBe(MAX_RPCS_PER_LINK);
    await timeOut();
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'over'));
    expect(await late).toBe('aa late');
  });
});

describe('a request ends', () => {
  it('with TIMEOUT when the peer never answers; its late answer is nothing', async () => {
    answerersMux.drained = false;
    const call = asker.call(ECHO.name, 'slow', never);
    const failed = expect(call).rejects.toMatchObject({ code: 'TIMEOUT' });
    await timeOut();
    await failed;
    expect(asker.active).toBe(0);
    answerersMux.drain();
    expect(answerersMux.fault).toBeUndefined();
  });

  it('when its caller cancels it: at once, and its handler hears of it', async () => {
    const caller = new AbortController();
    const call = hang(caller.signal);
    await settled();
    caller.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    expect(hanging[0]?.aborted).toBe(true);
    await settled();
    expect([asker.active, answerer.active]).toEqual([0, 0]);
  });

  it('when the link is lost in the middle, at both ends', async () => {
    const call = hang();
    await settled();
    closed.abort(new AppError('UNAVAILABLE', 'The link to the relay was lost.'));
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(hanging[0]?.aborted).toBe(true);
    await settled();
    expect([asker.active, answerer.active]).toEqual([0, 0]);
    await expect(hang()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('for its handler after the time limit, heeded or not: an idle link stays closable', async () => {
    heeds = false;
    const call = hang().catch(() => 'over');
    await timeOut();
    expect(await call).toBe('over');
    expect(hanging[0]?.aborted).toBe(true);
    expect([asker.active, answerer.active]).toEqual([0, 0]);
  });

  it('before it is sent when the peer does not read: nothing piles up', async () => {
    askersMux.drained = false;
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: MAX_RPCS_PER_LINK }, () =>
        asker.call(ECHO.name, 'x'.repeat(60_000), never).catch((cause: unknown) => (cause as AppError).code),
      );
      await timeOut();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['TIMEOUT']));
    }
    expect(askersMux.unreadBytes).toBe(0);
    askersMux.drain();
    expect(await asker.call(ECHO.name, 'again', never)).toBe('aa again');
  });
});

describe('a hostile peer', () => {
  it.each<[string, number, unknown]>([
    ['a request that is no JSON', REQUEST, '{"id":1'],
    ['a request without a method', REQUEST, { id: 1, params: null }],
    ['a request with a long method', REQUEST, { id: 1, method: 'x'.repeat(65), params: null }],
    ['a request with a fractional id', REQUEST, { id: 1.5, method: ECHO.name, params: '' }],
    ['a request with id 0', REQUEST, { id: 0, method: ECHO.name, params: '' }],
    ['an oversized request', REQUEST, { id: 1, method: ECHO.name, params: 'x'.repeat(MAX_RPC_BYTES) }],
    ['an answer to nothing', ANSWER, { id: 1, result: null }],
    ['a failure of nothing', FAILED, { id: 1, error: { code: 'NOT_FOUND', message: '' } }],
    ['a failure with a long message', FAILED, { id: 1, error: { code: 'IO', message: 'x'.repeat(201) } }],
    ['a cancel of nothing', CANCEL, { id: 1 }],
    ['invalid UTF-8', REQUEST, String.fromCharCode(0)],
  ])('that sends %s loses its link', (_, type, message) => {
    say(type, message);
    expect(askersMux.fault).toMatchObject({ code: 'BAD_INPUT' });
    expect(answerer.active).toBe(0);
  });

  it('that uses an id twice or counts down loses its link', async () => {
    for (const id of [5, 4]) {
      askersMux.fault = undefined;
      say(REQUEST, { id: 5, method: ECHO.name, params: '' });
      await settled();
      say(REQUEST, { id, method: ECHO.name, params: '' });
      expect(askersMux.fault).toMatchObject({ code: 'BAD_INPUT' });
    }
  });

  it('that floods has no more requests under way than two links’ worth; the rest is refused', async () => {
    const refused: unknown[] = [];
    const sendFailed = answerersMux.send.bind(answerersMux);
    answerersMux.send = (type, bytes) => {
      refused.push(JSON.parse(new TextDecoder().decode(bytes)));
      // Not passed on: the asker of this test never asked.
      return type === FAILED || sendFailed(type, bytes);
    };
    askRaw(HANG.name, null, 10 * MAX_RPCS_PER_LINK);
    await settled();
    expect(answerer.active).toBe(2 * MAX_RPCS_PER_LINK);
    expect(refused).toHaveLength(8 * MAX_RPCS_PER_LINK);
    expect(refused[0]).toMatchObject({ error: { code: 'RATE_LIMITED' } });
  });

  it('gets no more of them by cancelling what its handlers go on with', async () => {
    heeds = false;
    for (let id = 1; id <= 5 * MAX_RPCS_PER_LINK; id++) {
      say(REQUEST, { id, method: HANG.name, params: null });
      say(CANCEL, { id });
    }
    await settled();
    expect(hanging).toHaveLength(2 * MAX_RPCS_PER_LINK);
  });

  it('that does not read its answers loses its link before they fill the memory', async () => {
    answerersMux.drained = false;
    for (let id = 1; askersMux.fault === undefined && id < 1000; id++) {
      say(REQUEST, { id, method: FILL.name, params: 60_000 });
      await settled();
    }
    expect(askersMux.fault).toMatchObject({ code: 'RATE_LIMITED' });
    expect(answerersMux.unreadBytes).toBeLessThan(MAX_RPC_BACKLOG_BYTES + MAX_RPC_BYTES);
    closed.abort();
    expect(budget.usedBytes).toBe(0);
  });

  it('that does not read small answers loses its link as well', async () => {
    answerersMux.drained = false;
    for (let id = 1; askersMux.fault === undefined && id < 1000; id++) {
      say(REQUEST, { id, method: 'no.such', params: null });
      await settled();
    }
    expect(askersMux.fault).toMatchObject({ code: 'RATE_LIMITED' });
    expect(answerer.received).toBe(MAX_ANSWER_BACKLOG + 1);
  });

  it('is refused answers that would wait when all links together hold too many', async () => {
    budget.tryReserve(100 * MAX_RPC_BYTES);
    answerersMux.drained = false;
    say(REQUEST, { id: 1, method: FILL.name, params: 60_000 });
    await settled();
    expect(answerersMux.unreadBytes).toBeLessThan(200);
  });

  it('that answers a request twice, or after its end, is not heard again', async () => {
    const caller = new AbortController();
    const call = hang(caller.signal);
    await settled();
    answerersMux.send(ANSWER, utf8('{"id":1,"result":"first"}'));
    answerersMux.send(ANSWER, utf8('{"id":1,"result":"second"}'));
    expect(await call).toBe('first');
    expect(answerersMux.fault).toBeUndefined();
    expect(asker.active).toBe(0);
  });

  it.each(['NO_SUCH_CODE', '__proto__', 'constructor'])(
    'that fails with the code %s is INTERNAL',
    async (code) => {
      const call = hang();
      await settled();
      answerersMux.send(
        FAILED,
        utf8(JSON.stringify({ id: 1, error: { code, message: '', details: { a: [] } } })),
      );
      const failure = await call.catch((cause: unknown) => cause as AppError);
      expect(failure).toMatchObject({ code: 'INTERNAL', details: undefined });
    },
  );
});
