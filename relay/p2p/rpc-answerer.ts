/** The answering side of `lanvault/rpc/1`. */
import type { Static } from 'typebox';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import {
  LINK_RPC_TIMEOUT_MS,
  MAX_ANSWER_BACKLOG,
  MAX_RPCS_PER_LINK,
  MAX_RPC_BACKLOG_BYTES,
} from '../../shared/limits.ts';
import { withDeadline } from '../services/deadline.ts';
import type { Log } from '../services/log.ts';
import type { Clock } from '../services/ports.ts';
import type { RpcRouter } from '../services/rpc.ts';
import type { ByteBudget } from './byte-budget.ts';
import { RpcAnswer, encodeRpc, failedMessage } from './rpc-messages.ts';
import type { RpcCancel, RpcRequest } from './rpc-messages.ts';

export interface RpcAnswererOptions {
  readonly peer: RelayId;
  readonly router: RpcRouter;
  /** Bytes of answers that wait for their readers, over all links. */
  readonly budget: ByteBudget;
  readonly clock: Clock;
  readonly log: Log;
  /** Fires when the link is lost. */
  readonly closed: AbortSignal;
  /** Whether what is written now does not have to wait for the peer to read. */
  readonly drained: () => boolean;
  readonly sendAnswer: (bytes: Uint8Array) => void;
  readonly sendFailed: (bytes: Uint8Array) => void;
}

export class RpcAnswerer {
  readonly #options: RpcAnswererOptions;
  /** Requests under way, and what stops each. */
  readonly #stops = new Map<number, AbortController>();
  #lastId = 0;
  #received = 0;
  /** Messages, and bytes of answers, written since the stream was last empty. */
  #backlog = 0;
  #unreadBytes = 0;

  constructor(options: RpcAnswererOptions) {
    this.#options = options;
    options.closed.addEventListener('abort', () => this.onDrain(), { once: true });
  }

  get active(): number {
    return this.#stops.size;
  }

  /** Requests so far. */
  get received(): number {
    return this.#received;
  }

  onRequest({ id, method, params }: Static<typeof RpcRequest>): void {
    if (id <= this.#lastId) throw new AppError('BAD_INPUT', 'The peer asked out of turn.');
    this.#lastId = id;
    this.#received++;
    if (this.#backlog >= MAX_ANSWER_BACKLOG || this.#unreadBytes >= MAX_RPC_BACKLOG_BYTES) {
      throw new AppError('RATE_LIMITED', 'The peer asks on without reading its answers.');
    }
    // Twice what a peer of ours asks: cancelled requests may take a moment to end.
    if (this.#stops.size >= 2 * MAX_RPCS_PER_LINK) this.#fail(id, busy());
    else void this.#answer(id, method, params);
  }

  onCancel({ id }: Static<typeof RpcCancel>): void {
    if (id > this.#lastId) throw new AppError('BAD_INPUT', 'The peer cancelled out of turn.');
    this.#stops.get(id)?.abort();
  }

  /** The stream has passed on all that was written, or there is none any more. */
  onDrain(): void {
    this.#backlog = 0;
    this.#options.budget.release(this.#unreadBytes);
    this.#unreadBytes = 0;
  }

  /** A cancelled request keeps its place until its handler has ended: else cancelling would be a way to have more of them. */
  async #answer(id: number, method: string, params: unknown): Promise<void> {
    const { router, peer, clock, closed } = this.#options;
    const stop = new AbortController();
    this.#stops.set(id, stop);
    try {
      const work = (deadline: AbortSignal): Promise<unknown> =>
        router.answer(method, params, peer, AbortSignal.any([deadline, stop.signal]));
      const result = await withDeadline(clock, LINK_RPC_TIMEOUT_MS, 'The request', closed, work);
      if (!stop.signal.aborted) this.#succeed(id, result);
    } catch (cause) {
      if (!stop.signal.aborted) this.#fail(id, this.#publicError(method, cause));
    } finally {
      this.#stops.delete(id);
    }
  }

  #succeed(id: number, result: unknown): void {
    const { closed, drained, budget, sendAnswer } = this.#options;
    if (closed.aborted) return;
    const bytes = encodeRpc(RpcAnswer, { id, result });
    if (drained()) {
      this.onDrain();
    } else if (budget.tryReserve(bytes.length)) {
      this.#unreadBytes += bytes.length;
    } else {
      this.#fail(id, busy());
      return;
    }
    this.#backlog++;
    sendAnswer(bytes);
  }

  #fail(id: number, error: AppError): void {
    const { closed, drained, sendFailed } = this.#options;
    if (closed.aborted) return;
    if (drained()) this.onDrain();
    this.#backlog++;
    sendFailed(failedMessage(id, error));
  }

  #publicError(method: string, cause: unknown): AppError {
    const error = AppError.from(cause);
    if (error.code !== 'INTERNAL') return error;
    this.#options.log.error({ err: cause, method }, 'a peer’s request failed');
    return new AppError('INTERNAL', 'The relay failed.');
  }
}

function busy(): AppError {
  return new AppError('RATE_LIMITED', 'The relay is busy: try again soon.');
}
