/** The inventories of many relays as one, in the order of ids, with bounded memory. */
import { AppError, throwIfAborted } from '../errors.ts';
import type { RelayId } from '../ids.ts';
import {
  INVENTORY_PAGE_ROWS,
  INVENTORY_PAGE_TIMEOUT_MS,
  INVENTORY_TRIES,
  MAX_INVENTORY_ROWS,
  MAX_INVENTORY_ROWS_HELD,
  MAX_PARALLEL_INVENTORIES,
  RATE_LIMIT_TRIES,
} from '../limits.ts';
import type { ChunkEntry } from '../protocol/routes.ts';
import type { EngineClock } from './clock.ts';
import { Semaphore, TaskGroup, withDeadline } from './concurrency.ts';
import type { InventoryPage, InventoryPort } from './deletion-ports.ts';
import { withRetry } from './retry.ts';

/** What one relay says of a chunk. */
export interface HeldRow {
  readonly relay: RelayId;
  readonly entry: ChunkEntry;
}

/**
 * Rows of all relays, those about one id together, ids ascending. What the rows say is not verified. Throws `UNAVAILABLE`
 * when any relay does not answer, `CORRUPT` when one's inventory is out of order or has no end, naming the relay; `ABORTED`.
 */
export async function* mergedInventories(
  swarm: InventoryPort,
  relays: readonly RelayId[],
  clock: EngineClock,
  signal: AbortSignal,
): AsyncGenerator<readonly HeldRow[]> {
  const share = Math.floor(MAX_INVENTORY_ROWS_HELD / Math.max(1, relays.length));
  const pageRows = Math.max(1, Math.min(INVENTORY_PAGE_ROWS, share));
  const readers = relays.map((relay) => new InventoryReader(swarm, relay, pageRows, clock));
  for (;;) {
    throwIfAborted(signal);
    await refill(readers, signal);
    let next: string | null = null;
    for (const { head } of readers) if (head !== null && (next === null || head.id < next)) next = head.id;
    if (next === null) return;
    const rows: HeldRow[] = [];
    for (const reader of readers) {
      const { head, relay } = reader;
      if (head?.id !== next) continue;
      rows.push({ relay, entry: head });
      reader.advance();
    }
    yield rows;
  }
}

async function refill(readers: readonly InventoryReader[], signal: AbortSignal): Promise<void> {
  const dry = readers.filter(({ isDry }) => isDry);
  if (dry.length === 0) return;
  const places = new Semaphore(MAX_PARALLEL_INVENTORIES);
  const group = new TaskGroup(signal);
  for (const reader of dry) {
    group.run(async (inner) => {
      const release = await places.acquire(inner);
      try {
        await reader.fill(inner);
      } finally {
        release();
      }
    });
  }
  await group.join();
}

class InventoryReader {
  readonly relay: RelayId;
  readonly #swarm: InventoryPort;
  readonly #pageRows: number;
  readonly #clock: EngineClock;
  #rows: readonly ChunkEntry[] = [];
  #at = 0;
  #last = '';
  #read = 0;
  #more = true;

  constructor(swarm: InventoryPort, relay: RelayId, pageRows: number, clock: EngineClock) {
    this.#swarm = swarm;
    this.relay = relay;
    this.#pageRows = pageRows;
    this.#clock = clock;
  }

  /** Null where the inventory has ended, or before it is filled. */
  get head(): ChunkEntry | null {
    return this.#rows[this.#at] ?? null;
  }

  get isDry(): boolean {
    return this.head === null && this.#more;
  }

  advance(): void {
    this.#at++;
  }

  async fill(signal: AbortSignal): Promise<void> {
    const { rows, more } = await this.#page(signal);
    let last = this.#last;
    for (const { id } of rows) {
      if (id <= last) throw this.#malformed();
      last = id;
    }
    this.#read += rows.length;
    if (rows.length > this.#pageRows || (more && rows.length === 0) || this.#read > MAX_INVENTORY_ROWS)
      throw this.#malformed();
    this.#rows = rows;
    this.#at = 0;
    this.#last = last;
    this.#more = more;
  }

  async #page(signal: AbortSignal): Promise<InventoryPage> {
    const clock = this.#clock;
    const timeoutMs = INVENTORY_PAGE_TIMEOUT_MS;
    const ask = () =>
      withDeadline({ clock, timeoutMs, what: 'Reading an inventory', signal }, (bounded) =>
        this.#swarm.inventory(this.relay, this.#last, this.#pageRows, bounded),
      );
    try {
      return await withRetry(
        { clock, tries: INVENTORY_TRIES, codes: ['UNAVAILABLE', 'TIMEOUT'], signal },
        () => withRetry({ clock, tries: RATE_LIMIT_TRIES, codes: ['RATE_LIMITED'], signal }, ask),
      );
    } catch (cause) {
      throwIfAborted(signal);
      const error = AppError.from(cause);
      if (error.code === 'CORRUPT') throw this.#malformed(error);
      throw new AppError('UNAVAILABLE', `Relay ${this.relay} does not say what it holds: ${error.message}`, {
        cause: error,
        details: { relay: this.relay },
      });
    }
  }

  #malformed(cause?: AppError): AppError {
    const options = cause === undefined ? {} : { cause };
    return new AppError('CORRUPT', `The inventory of relay ${this.relay} is not in order.`, {
      ...options,
      details: { relay: this.relay },
    });
  }
}
