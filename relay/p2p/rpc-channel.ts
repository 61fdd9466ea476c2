/**
 * The link channel `lanvault/rpc/1`: small requests in both directions. Every message is JSON, and its request id counts up
 * from 1 on each side: REQUEST `{"id","method","params"}`, ANSWER `{"id","result"}`, FAILED `{"id","error":{"code","message"}}`,
 * CANCEL `{"id"}`, after which no answer comes.
 */
import type Protomux from 'protomux';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { LINK_RPC_TIMEOUT_MS, MAX_RPCS_PER_LINK } from '../../shared/limits.ts';
import { withDeadline } from '../services/deadline.ts';
import type { Log } from '../services/log.ts';
import type { Clock } from '../services/ports.ts';
import type { RpcRouter } from '../services/rpc.ts';
import type { ByteBudget } from './byte-budget.ts';
import { rawEncoding } from './json-encoding.ts';
import { RpcAnswerer } from './rpc-answerer.ts';
import {
  RpcAnswer,
  RpcCancel,
  RpcFailed,
  RpcRequest,
  decodeRpc,
  encodeRpc,
  peerError,
} from './rpc-messages.ts';
import { SendTurns } from './send-turns.ts';
import { Slots } from './slots.ts';

export const RPC_PROTOCOL = 'lanvault/rpc/1';

export interface RpcChannelOptions {
  readonly mux: Protomux;
  readonly peer: RelayId;
  readonly router: RpcRouter;
  readonly budget: ByteBudget;
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
  readonly #answerer: RpcAnswerer;
  readonly #request: Protomux.Message<Uint8Array>;
  readonly #cancel: Protomux.Message<Uint8Array>;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #slots = new Slots(MAX_RPCS_PER_LINK);
  /** Requests wait here while the peer does not read, so that they do not pile up in the stream. */
  readonly #turns: SendTurns;
  #lastId = 0;

  constructor(options: RpcChannelOptions) {
    this.#options = options;
    const { mux, onClose } = options;
    const channel = mux.createChannel({
      protocol: RPC_PROTOCOL,
      onclose: onClose,
      ondrain: () => {
        this.#answerer.onDrain();
        this.#turns.next();
      },
    });
    if (channel === null) throw new Error('The link is closed.');
    this.#turns = new SendTurns(() => channel.drained);
    // Message types are numbered in this order.
    const add = (onmessage: (bytes: Uint8Array) => void) =>
      channel.addMessage({ encoding: rawEncoding, onmessage });
    this.#request = add((bytes) => this.#answerer.onRequest(decodeRpc(RpcRequest, bytes)));
    const answer = add((bytes) => this.#onAnswer(bytes));
    const failed = add((bytes) => this.#onFailed(bytes));
    this.#cancel = add((bytes) => this.#answerer.onCancel(decodeRpc(RpcCancel, bytes)));
    this.#answerer = new RpcAnswerer({
      ...options,
      drained: () => channel.drained,
      sendAnswer: (bytes) => void answer.send(bytes),
      sendFailed: (bytes) => void failed.send(bytes),
    });
    channel.open();
  }

  get active(): number {
    return this.#slots.taken + this.#answerer.active;
  }

  get received(): number {
    return this.#answerer.received;
  }

  async call(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    const either = AbortSignal.any([signal, this.#options.closed]);
    const release = await this.#slots.acquire(either);
    try {
      const what = 'A relay’s answer';
      return await withDeadline(this.#options.clock, LINK_RPC_TIMEOUT_MS, what, either, (deadline) =>
        this.#ask(method, params, deadline),
      );
    } finally {
      release();
    }
  }

  async #ask(method: string, params: unknown, deadline: AbortSignal): Promise<unknown> {
    await this.#turns.wait(deadline);
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    const onAbort = (): void => this.#giveUp(id);
    try {
      // Its turn goes on even if the message is too long to be sent.
      this.#request.send(encodeRpc(RpcRequest, { id, method, params }));
    } finally {
      this.#turns.next();
    }
    this.#pending.set(id, answer);
    deadline.addEventListener('abort', onAbort, { once: true });
    try {
      return await answer.promise;
    } finally {
      deadline.removeEventListener('abort', onAbort);
    }
  }

  /** Nobody waits for the answer any more: not the caller, whose deadline has fired. */
  #giveUp(id: number): void {
    this.#pending.delete(id);
    if (!this.#options.closed.aborted) this.#cancel.send(encodeRpc(RpcCancel, { id }));
  }

  #onAnswer(bytes: Uint8Array): void {
    const { id, result } = decodeRpc(RpcAnswer, bytes);
    this.#expect(id)?.resolve(result);
  }

  #onFailed(bytes: Uint8Array): void {
    const failed = decodeRpc(RpcFailed, bytes);
    this.#expect(failed.id)?.reject(peerError(failed));
  }

  /** Undefined for a request that has ended here. Throws for one that never was. */
  #expect(id: number): PromiseWithResolvers<unknown> | undefined {
    if (id < 1 || id > this.#lastId) throw new AppError('BAD_INPUT', 'The peer answered out of turn.');
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
