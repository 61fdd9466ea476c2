/**
 * The link channel `lanvault/rpc/1`: small requests in both directions. Every message is JSON, and its request id counts up
 * from 1 on each side: REQUEST `{"id","method","params"}`, ANSWER `{"id","result"}`, FAILED `{"id","error":{"code","message"}}`.
 */
import type Protomux from 'protomux';
import Type from 'typebox';
import type { Static } from 'typebox';
import { utf8 } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import {
  LINK_RPC_TIMEOUT_MS,
  MAX_ANSWER_BACKLOG,
  MAX_RPC_BYTES,
  MAX_RPCS_PER_LINK,
} from '../../shared/limits.ts';
import { SafeInteger } from '../../shared/protocol/schemas.ts';
import type { Log } from '../services/log.ts';
import type { Clock } from '../services/ports.ts';
import type { RpcRouter } from '../services/rpc.ts';
import { withDeadline } from './deadline.ts';
import { decodeJson, rawEncoding } from './json-encoding.ts';
import { Slots } from './slots.ts';

export const RPC_PROTOCOL = 'lanvault/rpc/1';
const MAX_ERROR_CHARS = 200;

const Request = Type.Object({
  id: SafeInteger,
  method: Type.String({ maxLength: 64 }),
  params: Type.Unknown(),
});
const Answer = Type.Object({ id: SafeInteger, result: Type.Unknown() });
const Failed = Type.Object({
  id: SafeInteger,
  error: Type.Object({ code: Type.String({ maxLength: 64 }), message: Type.String() }),
});

export interface RpcChannelOptions {
  readonly mux: Protomux;
  readonly peer: RelayId;
  readonly router: RpcRouter;
  readonly clock: Clock;
  readonly log: Log;
  /** Fires when the link is lost. */
  readonly closed: AbortSignal;
  readonly onClose: () => void;
}

export interface RpcChannel {
  /** Requests under way, in either direction. */
  readonly active: number;
  /** Requests of the peer so far. */
  readonly received: number;
  /** Throws the peer's error, TOO_LARGE, TIMEOUT, UNAVAILABLE or ABORTED. */
  call(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
}

/** Opens the channel. Both ends do so at once, after the hello. */
export function openRpcChannel(options: RpcChannelOptions): RpcChannel {
  return new MuxRpcChannel(options);
}

class MuxRpcChannel implements RpcChannel {
  readonly #options: RpcChannelOptions;
  readonly #channel: Protomux.Channel<null>;
  readonly #request: Protomux.Message<Uint8Array>;
  readonly #answer: Protomux.Message<Uint8Array>;
  readonly #failed: Protomux.Message<Uint8Array>;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #slots = new Slots(MAX_RPCS_PER_LINK);
  #lastId = 0;
  #answering = 0;
  #backlog = 0;
  received = 0;

  constructor(options: RpcChannelOptions) {
    this.#options = options;
    const channel = options.mux.createChannel({
      protocol: RPC_PROTOCOL,
      onclose: options.onClose,
      ondrain: () => {
        this.#backlog = 0;
      },
    });
    if (channel === null) throw new Error('The link is closed.');
    this.#channel = channel;
    const add = (onmessage: (bytes: Uint8Array) => void) =>
      channel.addMessage({ encoding: rawEncoding, onmessage });
    this.#request = add((bytes) => this.#onRequest(bytes));
    this.#answer = add((bytes) => this.#onAnswer(bytes));
    this.#failed = add((bytes) => this.#onFailed(bytes));
    channel.open();
  }

  get active(): number {
    return this.#slots.taken + this.#answering;
  }

  async call(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    const either = AbortSignal.any([signal, this.#options.closed]);
    const release = await this.#slots.acquire(either);
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    try {
      const bytes = encode({ id, method, params });
      return await withDeadline(this.#options.clock, LINK_RPC_TIMEOUT_MS, 'A relay’s answer', either, () => {
        this.#request.send(bytes);
        return answer.promise;
      });
    } finally {
      this.#pending.delete(id);
      release();
    }
  }

  #onRequest(bytes: Uint8Array): void {
    const { id, method, params } = decode(Request, bytes);
    this.received++;
    if (this.#backlog >= MAX_ANSWER_BACKLOG) {
      throw new AppError('RATE_LIMITED', 'The peer asks on without reading its answers.');
    }
    if (this.#answering >= 2 * MAX_RPCS_PER_LINK) {
      this.#fail(id, new AppError('RATE_LIMITED', 'The relay is busy: try again soon.'));
      return;
    }
    void this.#answerTo(id, method, params);
  }

  async #answerTo(id: number, method: string, params: unknown): Promise<void> {
    const { router, peer, closed } = this.#options;
    this.#answering++;
    try {
      const result = await router.answer(method, params, peer, closed);
      if (!closed.aborted) this.#count(this.#answer.send(encode({ id, result })));
    } catch (cause) {
      this.#fail(id, this.#publicError(method, cause));
    } finally {
      this.#answering--;
    }
  }

  #publicError(method: string, cause: unknown): AppError {
    const error = AppError.from(cause);
    if (error.code !== 'INTERNAL') return error;
    this.#options.log.error({ err: cause, method }, 'a peer’s request failed');
    return new AppError('INTERNAL', 'The relay failed.');
  }

  #onAnswer(bytes: Uint8Array): void {
    const { id, result } = decode(Answer, bytes);
    this.#expect(id)?.resolve(result);
  }

  #onFailed(bytes: Uint8Array): void {
    const { id, error } = decode(Failed, bytes);
    this.#expect(id)?.reject(AppError.fromObject(error));
  }

  /** Undefined for a request that has ended here. Throws for one that never was. */
  #expect(id: number): PromiseWithResolvers<unknown> | undefined {
    if (id < 1 || id > this.#lastId) throw new AppError('BAD_INPUT', 'The peer answered out of turn.');
    return this.#pending.get(id);
  }

  #fail(id: number, { code, message }: AppError): void {
    if (this.#options.closed.aborted) return;
    const error = { code, message: message.slice(0, MAX_ERROR_CHARS) };
    this.#count(this.#failed.send(encode({ id, error })));
  }

  #count(streamTakesMore: boolean): void {
    this.#backlog = streamTakesMore || this.#channel.drained ? 0 : this.#backlog + 1;
  }
}

/** Throws `TOO_LARGE`. */
function encode(message: object): Uint8Array {
  const bytes = utf8(JSON.stringify(message));
  if (bytes.length > MAX_RPC_BYTES)
    throw new AppError('TOO_LARGE', 'The message does not fit a link’s frame.');
  return bytes;
}

function decode<T extends typeof Request | typeof Answer | typeof Failed>(
  schema: T,
  bytes: Uint8Array,
): Static<T> {
  if (bytes.length > MAX_RPC_BYTES) throw new AppError('BAD_INPUT', 'The peer’s message is too long.');
  return decodeJson(schema, bytes, 'A peer’s message');
}
