/** News that waits for its peers: one line each, bounded, sent in batches, tried again a few times, and then given up. */
import { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import { GOSSIP_RETRY_MS, GOSSIP_TRIES, MAX_GOSSIP_QUEUE } from '../../../shared/limits.ts';
import type { Clock } from '../ports.ts';

export interface OutboxOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  /** How long news waits for more of it. */
  readonly delayMs: number;
  /** Ids of one send. */
  readonly batchIds: number;
  readonly send: (peer: RelayId, set: string, ids: readonly string[], signal: AbortSignal) => Promise<void>;
  /** News for `peer` was lost: somebody should compare the sets. */
  readonly onLost: (peer: RelayId) => void;
  /** Ends everything under way. */
  readonly stopped: AbortSignal;
}

export class Outbox {
  readonly #options: OutboxOptions;
  /** A peer is here as long as somebody sends to it. */
  readonly #lines = new Map<RelayId, Map<string, Set<string>>>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(peer: RelayId, set: string, ids: readonly string[]): void {
    if (this.#options.stopped.aborted || ids.length === 0) return;
    const line = this.#lines.get(peer);
    const waiting = line?.get(set) ?? new Set<string>();
    for (const id of ids) if (waiting.size < MAX_GOSSIP_QUEUE) waiting.add(id);
    if (!ids.every((id) => waiting.has(id))) this.#options.onLost(peer);
    if (line !== undefined) {
      line.set(set, waiting);
      return;
    }
    const opened = new Map([[set, waiting]]);
    this.#lines.set(peer, opened);
    void this.#drain(peer, opened);
  }

  async #drain(peer: RelayId, line: Map<string, Set<string>>): Promise<void> {
    const { clock, delayMs, stopped } = this.#options;
    try {
      for (;;) {
        await clock.sleep(delayMs, stopped);
        const [next] = line;
        if (next === undefined) break;
        const [set, waiting] = next;
        const ids = [...waiting].slice(0, this.#options.batchIds);
        for (const id of ids) waiting.delete(id);
        if (waiting.size === 0) line.delete(set);
        await this.#send(peer, set, ids);
        if (line.size === 0) break;
      }
    } catch {
      // The peer is out of reach or the relay stops. What waits is what the next comparison finds.
      if (!stopped.aborted) this.#options.onLost(peer);
    } finally {
      this.#lines.delete(peer);
    }
  }

  async #send(peer: RelayId, set: string, ids: readonly string[]): Promise<void> {
    const { clock, send, stopped } = this.#options;
    for (let tried = 1; ; tried++) {
      try {
        await send(peer, set, ids, stopped);
        return;
      } catch (cause) {
        if (stopped.aborted || tried >= GOSSIP_TRIES || !AppError.from(cause).retryable) throw cause;
        await clock.sleep(GOSSIP_RETRY_MS * 2 ** (tried - 1), stopped);
      }
    }
  }
}
