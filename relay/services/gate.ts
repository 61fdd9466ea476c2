/** Lets a bounded number in at once and turns the rest away, so that memory stays bounded, and nobody takes all of it. */
import { AppError } from '../../shared/errors.ts';
import { GATE_SHARE_OF_CLIENT } from '../../shared/limits.ts';

/** Whom a place is taken for. */
export interface GateGuest {
  /** Its address, or what stands for several of one host; absent for one that may take every place. */
  readonly client?: string | undefined;
  /** Resolves when what the task gave is no longer in memory: the place is kept until then. */
  readonly written?: Promise<unknown> | undefined;
}

export class Gate {
  readonly #capacity: number;
  readonly #share: number;
  readonly #busyMessage: string;
  readonly #clients = new Map<string, number>();
  #inside = 0;

  constructor(capacity: number, busyMessage: string) {
    this.#capacity = capacity;
    this.#share = Math.max(1, Math.floor(capacity * GATE_SHARE_OF_CLIENT));
    this.#busyMessage = busyMessage;
  }

  get inside(): number {
    return this.#inside;
  }

  /** Runs `task` inside. Throws `RATE_LIMITED` when there is no place, or none left for this client, and what `task` throws. */
  async run<T>(task: () => Promise<T>, { client, written }: GateGuest = {}): Promise<T> {
    const leave = this.#enter(client);
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

  #enter(client: string | undefined): () => void {
    const own = client === undefined ? 0 : (this.#clients.get(client) ?? 0);
    if (this.#inside >= this.#capacity || own >= this.#share)
      throw new AppError('RATE_LIMITED', this.#busyMessage);
    this.#inside++;
    if (client !== undefined) this.#clients.set(client, own + 1);
    return () => {
      this.#inside--;
      if (client === undefined) return;
      const left = (this.#clients.get(client) ?? 1) - 1;
      if (left === 0) this.#clients.delete(client);
      else this.#clients.set(client, left);
    };
  }
}
