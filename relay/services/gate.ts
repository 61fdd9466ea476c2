/**
 * Lets a bounded number in at once and turns the rest away, so that memory stays bounded, and nobody takes all of it: neither by
 * coming often, nor by keeping a place for what hardly arrives.
 */
import { AppError } from '../../shared/errors.ts';
import { GATE_SHARE_OF_CLIENT, MIN_BODY_BYTES_PER_SECOND } from '../../shared/limits.ts';

/** Where what a task waits for comes from. */
export interface Sender {
  /** Infinity where that cannot be told, or is over. */
  readonly bytesPerSecond: number;
  /** Ends the task soon: its place goes to somebody else. */
  giveUp(): void;
}

/** Whom a place is taken for. */
export interface GateGuest {
  /** Its address, or what stands for several of one host; absent for one that may take every place. */
  readonly client?: string | undefined;
  /** Who gives way where it is too slow and there is no other place. */
  readonly sender?: Sender | undefined;
  /** Resolves when what the task gave is no longer in memory: the place is kept until then. */
  readonly written?: Promise<unknown> | undefined;
}

export class Gate {
  readonly #capacity: number;
  readonly #share: number;
  readonly #busyMessage: string;
  readonly #guests = new Set<GateGuest>();

  constructor(capacity: number, busyMessage: string) {
    this.#capacity = capacity;
    this.#share = Math.max(1, Math.floor(capacity * GATE_SHARE_OF_CLIENT));
    this.#busyMessage = busyMessage;
  }

  get inside(): number {
    return this.#guests.size;
  }

  /** Runs `task` inside. Throws `RATE_LIMITED` when there is no place, or none left for this client, and what `task` throws. */
  async run<T>(task: () => Promise<T>, { client, sender, written }: GateGuest = {}): Promise<T> {
    // One object for each time that somebody is inside.
    const guest = { client, sender };
    this.#enter(guest);
    const leave = (): void => void this.#guests.delete(guest);
    let result: T;
    try {
      result = await task();
    } catch (error) {
      leave();
      throw error;
    }
    if (written === undefined) leave();
    else void written.then(leave, leave);
    return result;
  }

  #enter(guest: GateGuest): void {
    const { client } = guest;
    const own = client === undefined ? [] : [...this.#guests].filter((other) => other.client === client);
    if (own.length >= this.#share) this.#makeRoom(own);
    else if (this.#guests.size >= this.#capacity) this.#makeRoom([...this.#guests]);
    this.#guests.add(guest);
  }

  /** Takes the place of the slowest of them. Throws `RATE_LIMITED` when each is fast enough. */
  #makeRoom(guests: readonly GateGuest[]): void {
    const pace = ({ sender }: GateGuest): number => sender?.bytesPerSecond ?? Infinity;
    const slowest = guests.reduce((a, b) => (pace(b) < pace(a) ? b : a));
    if (pace(slowest) >= MIN_BODY_BYTES_PER_SECOND) throw new AppError('RATE_LIMITED', this.#busyMessage);
    this.#guests.delete(slowest);
    slowest.sender?.giveUp();
  }
}
