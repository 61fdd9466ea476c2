/** Deletions: their list, and the actions on them. */
import type { AppEngine, FileDeletion, StoredFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export class FileDeletions implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #stop: () => void;
  #list = $state.raw<readonly FileDeletion[]>([]);
  #announcement = $state('');

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
    this.#stop = engine.deletions.watch((list) => this.#update(list));
  }

  get list(): readonly FileDeletion[] {
    return this.#list;
  }

  /** Whether any is under way. */
  get active(): boolean {
    return this.#list.some(({ state }) => state === 'waiting' || state === 'running');
  }

  get hasFinished(): boolean {
    return this.#list.some(({ state }) => state === 'deleted');
  }

  /** The latest end of one, for a live region. */
  get announcement(): string {
    return this.#announcement;
  }

  /** Those of this device are deleted for everybody, the others leave the list. Failures are shown, and stop nothing. */
  async delete(files: readonly StoredFile[]): Promise<void> {
    for (const file of files) {
      const { manifestId, name, owned } = file;
      if (owned) await this.#try(`${name} could not be deleted`, this.#engine.deletions.start(manifestId));
      else await this.#try(`${name} could not be removed`, this.#engine.forget(manifestId));
    }
  }

  stop({ id, name }: FileDeletion): Promise<void> {
    return this.#try(`The deletion of ${name} could not be stopped`, this.#engine.deletions.stop(id));
  }

  retry({ id, name }: FileDeletion): Promise<void> {
    return this.#try(`${name} could not be deleted`, this.#engine.deletions.retry(id));
  }

  keep({ id, name }: FileDeletion): Promise<void> {
    return this.#try(`${name} could not be kept`, this.#engine.deletions.keep(id));
  }

  dismiss({ id, name }: FileDeletion): Promise<void> {
    return this.#try(`${name} could not be dismissed`, this.#engine.deletions.dismiss(id));
  }

  async dismissFinished(): Promise<void> {
    for (const deletion of this.#list.filter(({ state }) => state === 'deleted'))
      await this.dismiss(deletion);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #update(list: readonly FileDeletion[]): void {
    for (const { id, name, state } of list) {
      const before = this.#list.find((old) => old.id === id)?.state;
      if (before === undefined || before === state) continue;
      if (state === 'deleted') this.#announcement = `${name} is deleted`;
      if (state === 'pending') this.#announcement = `${name} is deleted, save on relays that are away`;
      if (state === 'failed') this.#announcement = `${name} could not be deleted`;
    }
    this.#list = list;
  }

  async #try(failure: string, action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (cause) {
      this.#notices.error(failure, cause);
    }
  }
}
