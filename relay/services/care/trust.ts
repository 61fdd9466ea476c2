/** Whose claims to hold chunks count: each claim's relay has to prove one of them, picked at random, before the rest is believed. */
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { DISTRUST_MS, MAX_PEERS } from '../../../shared/limits.ts';
import type { EventBus } from '../events.ts';
import type { Clock } from '../ports.ts';
import type { AuditResult } from './audit.ts';

/** Verdicts asked for when the first one was a refutation: one rotten replica is bad luck, several are a lie. */
const VERDICTS = 4;
/** Claims tried for them at most: a file whose chunks are being deleted, all of them, is no reason to ask for ever. */
const MAX_TRIED = 8;

export interface TrustParts {
  readonly clock: Pick<Clock, 'now'>;
  /** Uniform in [0, 1); unforeseeable for other relays. */
  readonly random: () => number;
  readonly events: EventBus;
  readonly audit: (relay: RelayId, id: ChunkId, signal: AbortSignal) => Promise<AuditResult>;
}

export interface Believed {
  /** Null: it could not be asked, and nothing is known. */
  readonly held: ReadonlySet<ChunkId> | null;
}

export class Trust {
  readonly #parts: TrustParts;
  /** Relay → until when its claims count for nothing. Bounded by `MAX_PEERS`, oldest out first. */
  readonly #until = new Map<RelayId, number>();

  constructor(parts: TrustParts) {
    this.#parts = parts;
  }

  /** Relays that are not believed now. */
  distrusted(): ReadonlySet<RelayId> {
    const now = this.#parts.clock.now();
    for (const [relay, until] of this.#until) if (until <= now) this.#until.delete(relay);
    return new Set(this.#until.keys());
  }

  /** What of its claims is to be believed. Throws `ABORTED`. */
  async judge(relay: RelayId, claimed: ReadonlySet<ChunkId>, signal: AbortSignal): Promise<Believed> {
    if (claimed.size === 0) return { held: claimed };
    if (this.distrusted().has(relay)) return { held: new Set() };
    const held = new Set(claimed);
    let [proven, refuted] = [0, 0];
    for (const id of picked([...claimed], MAX_TRIED, this.#parts.random)) {
      const result = await this.#parts.audit(relay, id, signal);
      if (result === 'unknown') return { held: null };
      if (result === 'proven') proven++;
      else held.delete(id);
      if (result === 'refuted') refuted++;
      if ((proven > 0 && refuted === 0) || proven + refuted === VERDICTS) break;
    }
    const verdicts = proven + refuted;
    if (verdicts === 0) return { held: held.size === 0 ? held : null };
    if (refuted * 2 <= verdicts) return { held };
    // A single claim that fails may be rot; all of several may not.
    if (verdicts > 1) this.#distrust(relay);
    return { held: new Set() };
  }

  #distrust(relay: RelayId): void {
    this.#until.delete(relay);
    this.#until.set(relay, this.#parts.clock.now() + DISTRUST_MS);
    const [oldest] = this.#until.keys();
    if (this.#until.size > MAX_PEERS && oldest !== undefined) this.#until.delete(oldest);
    this.#parts.events.publish({ type: 'peer-distrusted', id: relay });
  }
}

/** `count` of the items at random (Fisher and Yates), or all of them. */
function picked<T>(items: T[], count: number, random: () => number): T[] {
  const end = Math.min(count, items.length);
  for (let at = 0; at < end; at++) {
    const other = at + Math.floor(random() * (items.length - at));
    [items[at], items[other]] = [items[other] as T, items[at] as T];
  }
  return items.slice(0, end);
}
