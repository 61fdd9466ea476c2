/** Uploads: their list, the whole batch's progress, and the actions on them. */
import { growBatch, milestones, orderTransfers, overallProgress } from './transfer-progress.ts';
import type { OverallProgress } from './transfer-progress.ts';
import type { AppEngine, CompressionMode, PickedFile, Transfer } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export class Transfers implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #stop: () => void;
  #list = $state.raw<readonly Transfer[]>([]);
  /** Those that were under way since the last time nothing was: what the overall progress counts. */
  #batch: readonly Transfer[] = [];
  #overall = $state.raw<OverallProgress | null>(null);
  #announcement = $state('');
  readonly #ordered = $derived(orderTransfers(this.#list));

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
    this.#stop = engine.watchTransfers((transfers) => this.#update(transfers));
  }

  /** In the order to show. */
  get list(): readonly Transfer[] {
    return this.#ordered;
  }

  /** Null when nothing is under way. */
  get overall(): OverallProgress | null {
    return this.#overall;
  }

  get active(): boolean {
    return this.#overall !== null;
  }

  /** The latest milestone, for a live region. */
  get announcement(): string {
    return this.#announcement;
  }

  get hasFinished(): boolean {
    return this.#list.some((transfer) => transfer.state === 'done');
  }

  /** `folder`: the path of where they go. */
  async upload(files: readonly PickedFile[], mode: CompressionMode, folder = ''): Promise<void> {
    if (files.length === 0) return;
    await this.#try('The upload could not be started', this.#engine.upload(files, { mode, folder }));
  }

  /** Whether leaving the page would lose one that waits to be resumed. */
  get anyUnkept(): boolean {
    return this.#list.some(({ state, kept }) => state !== 'done' && !kept);
  }

  async pause(transfer: Transfer): Promise<void> {
    await this.#try(`${transfer.name} could not be paused`, this.#engine.pause(transfer.id));
  }

  async pauseAll(): Promise<void> {
    await this.#try('The uploads could not be paused', this.#engine.pauseAll());
  }

  /** Gives it up: what it has stored is deleted. */
  async cancel(transfer: Transfer): Promise<void> {
    await this.#try(`${transfer.name} could not be cancelled`, this.#engine.cancel(transfer.id));
  }

  async cancelAll(): Promise<void> {
    await this.#try('The uploads could not be cancelled', this.#engine.cancelAll());
  }

  async resumeAll(): Promise<void> {
    await this.#try('The uploads could not be resumed', this.#engine.resumeAll());
  }

  async resume(transfer: Transfer, file?: PickedFile): Promise<void> {
    await this.#try(`${transfer.name} could not be resumed`, this.#engine.resume(transfer.id, file));
  }

  async dismiss(transfer: Transfer): Promise<void> {
    await this.#try(`${transfer.name} could not be dismissed`, this.#engine.dismiss(transfer.id));
  }

  async dismissFinished(): Promise<void> {
    const finished = this.#list.filter((transfer) => transfer.state === 'done');
    for (const transfer of finished) await this.dismiss(transfer);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #update(transfers: readonly Transfer[]): void {
    const told = milestones(this.#list, transfers);
    if (told !== null) this.#announcement = told;
    const wasIdle = this.#overall === null;
    this.#batch = growBatch(wasIdle ? [] : this.#batch, transfers);
    this.#overall = overallProgress(this.#batch);
    this.#list = transfers;
  }

  async #try(failure: string, action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (cause) {
      this.#notices.error(failure, cause);
    }
  }
}
