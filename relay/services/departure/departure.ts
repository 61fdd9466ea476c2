/**
 * Leaving the swarm: takes nothing in, hands every chunk over, and only then wipes them. It can be begun again after a crash at
 * any point; if a chunk finds no home, nothing is wiped and the relay is back in service.
 */
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import { CARE_BATCH_CHUNKS, DEPARTURE_LINGER_MS, GONE_AFTER_MS } from '../../../shared/limits.ts';
import type { DepartureStatus } from '../../../shared/protocol/operator-routes.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';
import type { MetaTable } from '../../storage/meta-table.ts';
import type { Caretaker } from '../care/caretaker.ts';
import { inParallel } from '../care/in-parallel.ts';
import type { OwnChunks } from '../care/own-chunks.ts';
import type { OwnChunk } from '../care/survey.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../ports.ts';
import type { HandOver } from './hand-over.ts';
import type { Intake } from './intake.ts';

const MARK = 'departure';
const FILES_WIPED_AT_ONCE = 16;
/** Sweeps over everything after it has been handed over, before a swarm that loses chunks as fast is left alone. */
const MAX_SWEEPS = 5;

export interface DepartureParts {
  readonly store: Pick<ChunkStore, 'drop' | 'database' | 'reconciliation' | 'usage'>;
  readonly meta: MetaTable;
  readonly own: OwnChunks;
  readonly intake: Intake;
  readonly caretaker: Caretaker;
  /** A new one for each time that the relay tries to leave. */
  readonly handOver: () => HandOver;
  /** What else has to be elsewhere before this relay is gone. Each throws when it is not. */
  readonly farewells: readonly ((signal: AbortSignal) => Promise<void>)[];
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once, when the relay has left and nobody needs to ask it any more. */
  readonly onLeft: () => void;
  readonly stopped: AbortSignal;
}

export class Departure {
  readonly #parts: DepartureParts;
  #status: DepartureStatus = atFirst('serving', { chunks: 0, bytes: 0 });
  #ended: Promise<void> = Promise.resolve();

  constructor(parts: DepartureParts) {
    this.#parts = parts;
    // Until `resume`, too, nothing may come in behind the back of a departure that a crash cut short.
    if ((parts.meta.get(MARK) ?? '') !== '') {
      void parts.intake.close();
      this.#status = atFirst('leaving', parts.store.usage);
    }
  }

  /** Others may not rely on this relay any more: it says that it holds nothing. */
  get leaving(): boolean {
    return this.#status.state !== 'serving';
  }

  get status(): DepartureStatus {
    return this.#status;
  }

  /** Settles when nothing is under way; never rejects. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Begins to leave; fine while it does so already. */
  begin(): void {
    if (this.leaving) return;
    this.#status = atFirst('leaving', this.#parts.store.usage);
    this.#ended = this.#run(false);
  }

  /** Goes on with what an earlier process began. Call it once, when this relay has said hello. */
  resume(): void {
    if (this.leaving) this.#ended = this.#run(true);
  }

  async #run(resumed: boolean): Promise<void> {
    const { stopped, log, clock, onLeft, intake, meta } = this.#parts;
    try {
      if (meta.get(MARK) !== 'wiping') {
        this.#mark('leaving');
        await this.#handEverythingOver(resumed);
        this.#mark('wiping');
      }
      await this.#wipe();
      this.#mark('');
      this.#update({ state: 'left' });
      log.info({ chunks: this.#status.total }, 'This relay has left the swarm');
      await clock.sleep(DEPARTURE_LINGER_MS, stopped);
      onLeft();
    } catch (cause) {
      // A process that stops goes on when it is started again.
      if (stopped.aborted) return;
      const { code, message } = AppError.from(cause);
      log.error({ err: cause }, 'This relay could not leave, and is back in service');
      if (this.#status.state === 'leaving') {
        this.#unmark();
        intake.open();
        this.#update({ state: 'serving', error: { code, message } });
      } else {
        this.#update({ error: { code, message } });
      }
    }
  }

  async #handEverythingOver(resumed: boolean): Promise<void> {
    const { intake, caretaker, store, clock, stopped, handOver, farewells } = this.#parts;
    await Promise.all([intake.close(), caretaker.pause(), store.reconciliation]);
    // The others have to be known first.
    if (resumed) await clock.sleep(GONE_AFTER_MS, stopped);
    this.#update({ total: store.usage.chunks, total_bytes: store.usage.bytes });
    const work = handOver();
    for (const chunks of this.#pages()) await this.#place(work, chunks);
    // It took its time: those that had the chunks at first may be gone by now.
    for (let sweep = 0; await this.#sweep(work); sweep++) {
      if (sweep === MAX_SWEEPS)
        throw new AppError(
          'UNAVAILABLE',
          'Other relays go while this one hands its chunks over. Nothing was wiped.',
        );
    }
    for (const farewell of farewells) await farewell(stopped);
  }

  async #place(work: HandOver, chunks: readonly OwnChunk[]): Promise<void> {
    const homeless = await work.place(chunks, this.#parts.stopped);
    if (homeless.length > 0) {
      throw new AppError(
        'NOT_ENOUGH_RELAYS',
        'No other relay that lacks them and has room takes the chunks of this one. Nothing was wiped, and it is back in service. Add relays or capacity, then try again.',
      );
    }
    const { total, placed, total_bytes, placed_bytes } = this.#status;
    const bytes = chunks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#update({
      placed: Math.min(total, placed + chunks.length),
      placed_bytes: Math.min(total_bytes, placed_bytes + bytes),
    });
  }

  /** Whether anything had to be handed over once more. */
  async #sweep(work: HandOver): Promise<boolean> {
    let again = false;
    for (const chunks of this.#pages()) {
      const lost = await work.lost(chunks, this.#parts.stopped);
      if (lost.length === 0) continue;
      again = true;
      await this.#place(work, lost);
    }
    return again;
  }

  async #wipe(): Promise<void> {
    const { store, stopped } = this.#parts;
    await store.reconciliation;
    this.#update({ state: 'wiping' });
    for (const chunks of this.#pages()) {
      throwIfAborted(stopped);
      await inParallel(chunks, FILES_WIPED_AT_ONCE, ({ id }) => store.drop(id));
    }
  }

  *#pages(): Generator<readonly OwnChunk[]> {
    let after = '';
    for (;;) {
      const chunks = this.#parts.own.page(after, CARE_BATCH_CHUNKS);
      if (chunks.length === 0) return;
      yield chunks;
      after = chunks.at(-1)?.id ?? after;
    }
  }

  #mark(mark: 'leaving' | 'wiping' | ''): void {
    const { store, meta } = this.#parts;
    store.database.durably(() => meta.set(MARK, mark));
  }

  /** Where the disk that failed still fails, the mark stays, and the next start tries to leave again. */
  #unmark(): void {
    try {
      this.#mark('');
    } catch (cause) {
      this.#parts.log.error({ err: cause }, 'That this relay stays could not be written down');
    }
  }

  #update(change: Partial<DepartureStatus>): void {
    this.#status = { ...this.#status, ...change };
    const { state, total, placed } = this.#status;
    this.#parts.events.publish({ type: 'unjoin-progress', state, total, placed });
  }
}

function atFirst(
  state: DepartureStatus['state'],
  { chunks, bytes }: { readonly chunks: number; readonly bytes: number },
): DepartureStatus {
  return { state, total: chunks, placed: 0, total_bytes: bytes, placed_bytes: 0 };
}
