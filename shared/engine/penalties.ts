/** Relays that lately did badly: tried after the others for a while, never left out. */
import { MAX_PENALISED_RELAYS } from '../limits.ts';
import type { RelayId } from '../ids.ts';
import type { Member } from '../placement/member.ts';
import type { EngineClock } from './clock.ts';

export class Penalties {
  readonly #clock: EngineClock;
  /** Relay → when its penalty ends; oldest entry first. */
  readonly #until = new Map<RelayId, number>();

  constructor(clock: EngineClock) {
    this.#clock = clock;
  }

  add(relay: RelayId, durationMs: number): void {
    const end = Math.max(this.#until.get(relay) ?? 0, this.#clock.now() + durationMs);
    this.#until.delete(relay);
    this.#until.set(relay, end);
    const [oldest] = this.#until.keys();
    if (this.#until.size > MAX_PENALISED_RELAYS && oldest !== undefined) this.#until.delete(oldest);
  }

  has(relay: RelayId): boolean {
    const end = this.#until.get(relay);
    if (end === undefined) return false;
    if (end > this.#clock.now()) return true;
    this.#until.delete(relay);
    return false;
  }

  /** The same members, those with a penalty and distrusted ones last; otherwise in the order given. */
  last(members: readonly Member[]): Member[] {
    const bad = members.map(({ id, distrusted }) => distrusted === true || this.has(id));
    return [...members.filter((_, i) => bad[i] !== true), ...members.filter((_, i) => bad[i] === true)];
  }
}
