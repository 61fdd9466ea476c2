import type { ManifestId } from '../../../shared/ids.ts';
import type { SwarmHealth } from '../contract.ts';
import { LazyPart } from '../lazy-part.ts';
import type { UploadJournals } from '../local-stores.ts';
import type { Deletions, FileDeletion } from './deletion-contract.ts';
import type { DeletionQueue } from './deletion-queue.ts';

/** The deletions of this page: their code is loaded with the first one. */
export class LazyDeletions implements Deletions {
  readonly #journals: Pick<UploadJournals, 'abandoned'>;
  readonly #queue: LazyPart<DeletionQueue, readonly FileDeletion[]>;

  constructor(journals: Pick<UploadJournals, 'abandoned'>, load: () => Promise<DeletionQueue>) {
    this.#journals = journals;
    this.#queue = new LazyPart<DeletionQueue, readonly FileDeletion[]>(load, []);
  }

  watch(callback: (deletions: readonly FileDeletion[]) => void): () => void {
    return this.#queue.watch(callback);
  }

  /** Takes up what this browser has noted for deletion, if it has. Throws what the journals throw. */
  async restore(): Promise<void> {
    if ((await this.#journals.abandoned()).length > 0) await (await this.#queue.get()).restore();
  }

  async start(manifestId: ManifestId): Promise<void> {
    await (await this.#queue.get()).start(manifestId);
  }

  async stop(id: string): Promise<void> {
    await (await this.#queue.get()).stop(id);
  }

  async retry(id: string): Promise<void> {
    await (await this.#queue.get()).retry(id);
  }

  async keep(id: string): Promise<void> {
    await (await this.#queue.get()).keep(id);
  }

  async dismiss(id: string): Promise<void> {
    await (await this.#queue.get()).dismiss(id);
  }

  /** Relays have answered. */
  swarmSeen(health: SwarmHealth): void {
    this.#queue.loaded?.swarmSeen(health);
  }

  dispose(): Promise<void> {
    return this.#queue.dispose();
  }
}
