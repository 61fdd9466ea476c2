/**
 * One comparison of a set with a peer's: range by range, split where the digests differ, ids at the ends. What each lacks is then
 * sent. Whatever the peer answers, this ends: questions are counted, and every answer is checked against its question.
 */
import type { Static } from 'typebox';
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import {
  MAX_ANTI_ENTROPY_QUESTIONS,
  MAX_GOSSIP_ITEMS,
  MAX_GOSSIP_PREFIX,
  MAX_GOSSIP_RANGES,
} from '../../../shared/limits.ts';
import type { PeerRpc, RpcMethod } from '../rpc.ts';
import type { Clock } from '../ports.ts';
import { COMPARE, PUSH, WANT, batches } from './gossip-messages.ts';
import type { Difference } from './gossip-messages.ts';
import type { GossipSet } from './gossip-set.ts';
import { HEX_DIGITS } from './set-digests.ts';
import type { SetDigests } from './set-digests.ts';

/** A peer that has had enough for now is given this long. */
const BREATH_MS = 1000;
/** Ids of an own range that are looked at in one step. */
const PAGE_IDS = 512;

export interface ReconcileOptions {
  readonly set: GossipSet;
  readonly digests: SetDigests;
  readonly peer: RelayId;
  readonly rpc: PeerRpc;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Called with the ids of items that the peer had and this relay had not. */
  readonly onNews: (ids: readonly string[]) => void;
  readonly signal: AbortSignal;
}

/** Resolves when the sets have been compared to the end. Throws `CORRUPT` for answers that make no sense, `TOO_LARGE` when it
 * would take more questions than one round has, and what the requests throw. */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  await new Round(options).run();
}

class Round {
  readonly #options: ReconcileOptions;
  readonly #lacking = new Set<string>();
  readonly #giving = new Set<string>();
  #questions = 0;

  constructor(options: ReconcileOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { set, digests, signal } = this.#options;
    // Depth first, so that what waits stays small.
    const open = [''];
    while (open.length > 0) {
      throwIfAborted(signal);
      const prefixes = open.splice(-MAX_GOSSIP_RANGES);
      const ranges = [];
      for (const prefix of prefixes) ranges.push({ prefix, digest: await digests.digest(prefix) });
      const { differ } = await this.#ask(COMPARE, { set: set.name, ranges });
      const asked = new Set(prefixes);
      for (const difference of differ) {
        if (!asked.delete(difference.prefix)) throw nonsense();
        open.push(...(await this.#split(difference)));
      }
      await this.#exchange(MAX_GOSSIP_ITEMS);
    }
    await this.#exchange(1);
  }

  /** Notes what differs in a range whose ids the peer told; otherwise gives the narrower ranges to ask about. */
  async #split({ prefix, ids, parts }: Static<typeof Difference>): Promise<string[]> {
    if (ids !== undefined && parts === undefined) {
      await this.#compare(prefix, ids);
      return [];
    }
    if (parts === undefined || ids !== undefined || prefix.length >= MAX_GOSSIP_PREFIX) throw nonsense();
    const own = await this.#options.digests.parts(prefix);
    return HEX_DIGITS.filter((_, i) => parts[i] !== own[i]).map((digit) => prefix + digit);
  }

  async #compare(prefix: string, theirs: readonly string[]): Promise<void> {
    const { set, peer } = this.#options;
    for (const id of theirs) {
      if (!id.startsWith(prefix)) throw nonsense();
      if (set.wants(id, peer)) this.#lacking.add(id);
    }
    const known = new Set(theirs);
    for (let after = ''; ;) {
      const page = set.page(prefix, after, PAGE_IDS);
      for (const id of page) if (!known.has(id)) this.#giving.add(id);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last;
      await this.#exchange(MAX_GOSSIP_ITEMS);
    }
  }

  /** Sends both ways what has come together, if it is `enough`. */
  async #exchange(enough: number): Promise<void> {
    const { set, peer, onNews } = this.#options;
    while (this.#lacking.size >= enough) {
      const ids = take(this.#lacking, MAX_GOSSIP_ITEMS);
      const { items } = await this.#ask(WANT, { set: set.name, ids });
      // A peer that tells ids and has no items for them is left with its tale; the next round asks another one.
      if (items.length === 0) throw nonsense();
      const news = await set.add(items, peer);
      onNews(news);
      // What did not fit that message. Whatever was refused here is not asked for again.
      if (items.length < ids.length)
        for (const id of ids.slice(items.length)) if (set.wants(id, peer)) this.#lacking.add(id);
    }
    while (this.#giving.size >= enough) {
      const items = take(this.#giving, MAX_GOSSIP_ITEMS).flatMap((id) => set.get(id) ?? []);
      for (const batch of batches(items)) await this.#ask(PUSH, { set: set.name, items: [...batch] });
    }
  }

  async #ask<P extends RpcMethod['params'], R extends RpcMethod['result']>(
    method: RpcMethod<P, R>,
    params: Static<P>,
  ): Promise<Static<R>> {
    const { rpc, peer, clock, signal } = this.#options;
    for (;;) {
      throwIfAborted(signal);
      if (++this.#questions > MAX_ANTI_ENTROPY_QUESTIONS)
        throw new AppError('TOO_LARGE', 'The sets differ by more than one round has time for.');
      try {
        return await rpc.call(peer, method, params, signal);
      } catch (cause) {
        if (AppError.from(cause).code !== 'RATE_LIMITED') throw cause;
        await clock.sleep(BREATH_MS, signal);
      }
    }
  }
}

function take(ids: Set<string>, count: number): string[] {
  const taken = [...ids].slice(0, count);
  for (const id of taken) ids.delete(id);
  return taken;
}

function nonsense(): AppError {
  return new AppError('CORRUPT', 'A relay’s answer does not fit the question about its set.');
}
