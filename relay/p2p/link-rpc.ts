import type { Static, TSchema } from 'typebox';
import { AppError, abortError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import type { PeerRpc, RpcMethod } from '../services/rpc.ts';
import type { LinkPool } from './link-pool.ts';

/** Small requests to other relays, over links that are opened when needed. */
export class LinkRpc implements PeerRpc {
  readonly #pool: Pick<LinkPool, 'peek' | 'get'>;

  constructor(pool: Pick<LinkPool, 'peek' | 'get'>) {
    this.#pool = pool;
  }

  /** Every method may be repeated: a link that was open before may just have been closed as idle by the other end. */
  async call<P extends TSchema, R extends TSchema>(
    to: RelayId,
    method: RpcMethod<P, R>,
    params: Static<P>,
    signal: AbortSignal,
  ): Promise<Static<R>> {
    const reused = this.#pool.peek(to);
    let result: unknown;
    try {
      const link = await this.#pool.get(to, signal);
      result = await link.rpc.call(method.name, params, signal);
    } catch (cause) {
      if (signal.aborted) throw abortError(signal);
      if (reused === undefined || AppError.from(cause) !== reused.closed.reason) throw AppError.from(cause);
      const link = await this.#pool.get(to, signal);
      result = await link.rpc.call(method.name, params, signal);
    }
    try {
      return parseWith(method.result, result, 'A relay’s answer');
    } catch (cause) {
      throw new AppError('CORRUPT', 'A relay gave an answer that is not understood.', { cause });
    }
  }
}
