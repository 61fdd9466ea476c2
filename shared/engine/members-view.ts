/** The members that one transfer works with: pinned, and asked for again when they are older than a few seconds. */
import { AppError, throwIfAborted } from '../errors.ts';
import { MEMBERS_MAX_AGE_MS } from '../limits.ts';
import type { Member } from '../placement/member.ts';
import type { EngineClock } from './clock.ts';
import { untilAborted } from './concurrency.ts';
import type { SwarmPort } from './ports.ts';

export class MembersView {
  readonly #swarm: SwarmPort;
  readonly #clock: EngineClock;
  #members: readonly Member[] | undefined;
  #askedAt = 0;
  #asking: Promise<readonly Member[]> | undefined;

  constructor(swarm: SwarmPort, clock: EngineClock) {
    this.#swarm = swarm;
    this.#clock = clock;
  }

  /** Members that can store, at most `MEMBERS_MAX_AGE_MS` old where the swarm answers. Throws `UNAVAILABLE` if it never did. */
  async get(signal: AbortSignal): Promise<readonly Member[]> {
    for (;;) {
      throwIfAborted(signal);
      if (this.#members !== undefined && this.#clock.now() - this.#askedAt < MEMBERS_MAX_AGE_MS)
        return this.#members;
      const own = this.#asking === undefined;
      this.#asking ??= this.#ask(signal);
      try {
        return await untilAborted(signal, this.#asking);
      } catch (error) {
        // The caller that had asked was cancelled, this one was not.
        const foreign = !own && error instanceof AppError && error.code === 'ABORTED' && !signal.aborted;
        if (!foreign) throw error;
      }
    }
  }

  /** The next `get` asks anew. */
  expire(): void {
    this.#askedAt = -Infinity;
  }

  async #ask(signal: AbortSignal): Promise<readonly Member[]> {
    try {
      const members = await this.#swarm.members(signal);
      this.#members = members.filter(({ capacity }) => capacity > 0);
    } catch (error) {
      // Who was there a moment ago is a better guess than nobody.
      if (this.#members === undefined || signal.aborted) throw error;
    } finally {
      this.#asking = undefined;
      this.#askedAt = this.#clock.now();
    }
    return this.#members;
  }
}
