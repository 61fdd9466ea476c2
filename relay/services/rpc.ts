/** Small requests between relays, by name: who asks describes them once, with schemas for both directions. */
import type { Static, TSchema } from 'typebox';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';

/** Messages are JSON of at most `MAX_RPC_BYTES` in either direction: larger answers are paged. */
export interface RpcMethod<P extends TSchema = TSchema, R extends TSchema = TSchema> {
  /** `area.verb`, e.g. `dht.find-node`. */
  readonly name: string;
  readonly params: P;
  readonly result: R;
}

export function rpcMethod<P extends TSchema, R extends TSchema>(
  name: string,
  params: P,
  result: R,
): RpcMethod<P, R> {
  return { name, params, result };
}

/** Requests to other relays. */
export interface PeerRpc {
  /** Throws the peer's `AppError`, UNAVAILABLE, TIMEOUT, ABORTED, or CORRUPT for an answer that does not validate. */
  call<P extends TSchema, R extends TSchema>(
    to: RelayId,
    method: RpcMethod<P, R>,
    params: Static<P>,
    signal: AbortSignal,
  ): Promise<Static<R>>;
}

/** `from` has been proven by its link. */
export type RpcHandler<P extends TSchema, R extends TSchema> = (
  params: Static<P>,
  from: RelayId,
  signal: AbortSignal,
) => Promise<Static<R>> | Static<R>;

/** The requests that this relay answers. */
export class RpcRouter {
  readonly #handlers = new Map<
    string,
    (params: unknown, from: RelayId, signal: AbortSignal) => Promise<unknown>
  >();

  handle<P extends TSchema, R extends TSchema>(method: RpcMethod<P, R>, handler: RpcHandler<P, R>): void {
    if (this.#handlers.has(method.name)) throw new Error(`${method.name} has a handler.`);
    this.#handlers.set(method.name, async (params, from, signal) =>
      handler(parseWith(method.params, params, 'A peer’s request'), from, signal),
    );
  }

  /** Throws what the handler throws, BAD_INPUT for params that do not validate, UNSUPPORTED for a name not known. */
  async answer(name: string, params: unknown, from: RelayId, signal: AbortSignal): Promise<unknown> {
    const handler = this.#handlers.get(name);
    if (handler === undefined) throw new AppError('UNSUPPORTED', 'This relay does not know the request.');
    return handler(params, from, signal);
  }
}
