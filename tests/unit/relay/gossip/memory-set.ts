/** A set in memory whose items verify by their hash, and relays that call each other's handlers directly. */
import { createHash } from 'node:crypto';
import Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import { AppError } from '../../../../shared/errors.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { MAX_RPC_BYTES } from '../../../../shared/limits.ts';
import { parseWith } from '../../../../shared/protocol/schemas.ts';
import type { GossipSet } from '../../../../relay/services/gossip/gossip-set.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { PeerRpc, RpcMethod } from '../../../../relay/services/rpc.ts';

const Item = Type.Object({ value: Type.String() });

export function idOfValue(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

export class MemorySet implements GossipSet {
  readonly name = 'values';
  readonly #values = new Map<string, string>();
  readonly #listeners: ((id: string | null) => void)[] = [];
  #sorted: string[] | null = null;

  constructor(values: Iterable<string> = []) {
    for (const value of values) this.insert(idOfValue(value), value);
  }

  get ids(): string[] {
    this.#sorted ??= [...this.#values.keys()].sort();
    return this.#sorted;
  }

  insert(id: string, value: string): void {
    this.#values.set(id, value);
    this.#sorted = null;
    for (const listener of this.#listeners) listener(id);
  }

  remove(id: string): void {
    this.#values.delete(id);
    this.#sorted = null;
    for (const listener of this.#listeners) listener(id);
  }

  has(id: string): boolean {
    return this.#values.has(id);
  }

  wants(id: string): boolean {
    return !this.has(id);
  }

  get(id: string): object | null {
    const value = this.#values.get(id);
    return value === undefined ? null : { value };
  }

  page(prefix: string, after: string, limit: number): string[] {
    return this.ids.filter((id) => id.startsWith(prefix) && id > after).slice(0, limit);
  }

  add(items: readonly unknown[]): Promise<string[]> {
    const news = items.flatMap((item) => {
      const { value } = parseWith(Item, item, 'An item');
      const id = idOfValue(value);
      if (this.has(id)) return [];
      this.insert(id, value);
      return [id];
    });
    return Promise.resolve(news);
  }

  onChange(listener: (id: string | null) => void): void {
    this.#listeners.push(listener);
  }
}

export type AnyRpc = (to: RelayId, name: string, params: unknown, from: RelayId) => Promise<unknown>;

/** Requests as one relay makes them, through JSON and its size limit, and checked as a real link does. */
export function rpcOf(from: RelayId, answer: AnyRpc): PeerRpc {
  return {
    async call<P extends TSchema, R extends TSchema>(
      to: RelayId,
      method: RpcMethod<P, R>,
      params: Static<P>,
    ): Promise<Static<R>> {
      const result = throughWire(await answer(to, method.name, throughWire(params), from));
      try {
        return parseWith(method.result, result, 'A relay’s answer');
      } catch (cause) {
        throw new AppError('CORRUPT', 'Not understood.', { cause });
      }
    },
  };
}

function throughWire(value: unknown): unknown {
  const text = JSON.stringify(value);
  if (text.length > MAX_RPC_BYTES) throw new AppError('TOO_LARGE', 'The message does not fit.');
  return JSON.parse(text);
}

/** Routers by relay, one of which answers each request. */
export class Wires {
  readonly routers = new Map<RelayId, RpcRouter>();
  readonly requests: { readonly from: RelayId; readonly to: RelayId; readonly name: string }[] = [];
  readonly down = new Set<RelayId>();

  router(relay: RelayId): RpcRouter {
    const router = new RpcRouter();
    this.routers.set(relay, router);
    return router;
  }

  rpc(relay: RelayId): PeerRpc {
    return rpcOf(relay, async (to, name, params, from) => {
      this.requests.push({ from, to, name });
      const router = this.routers.get(to);
      if (router === undefined || this.down.has(to) || this.down.has(from))
        throw new AppError('UNAVAILABLE', 'No such relay.');
      return router.answer(name, params, from, new AbortController().signal);
    });
  }
}

export function relayId(n: number): RelayId {
  return createHash('sha256')
    .update(`relay ${String(n)}`)
    .digest('hex') as RelayId;
}
