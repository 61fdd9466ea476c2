/** File operations that note what they do and can stop for good at any step, as a process does that is killed. */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { nodeFileOps } from '../../../../relay/storage/file-ops.ts';
import type { FileOps } from '../../../../relay/storage/file-ops.ts';

type HandleMethod = (this: FileHandle, ...parameters: unknown[]) => unknown;

export class Killed extends Error {
  readonly code = 'EKILLED';
}

export class FaultyFiles {
  /** Steps so far, e.g. `sync tmp/<name>`. */
  readonly steps: string[] = [];
  readonly #root: string;
  #killAt = Infinity;
  #count = 0;
  #failure: Error | undefined;
  #failing: string | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** From the `step`-th step on (0 is the next one) everything fails and nothing happens any more. */
  killAt(step: number): void {
    this.#killAt = this.#count + step;
  }

  /** Steps of this kind fail with `failure`. */
  failOn(kind: string, failure: Error): void {
    this.#failing = kind;
    this.#failure = failure;
  }

  get killed(): boolean {
    return this.#count > this.#killAt;
  }

  /** Counts a step that is not a file operation. */
  step(kind: string, file = ''): void {
    if (this.#count++ >= this.#killAt) throw new Killed('killed');
    if (kind === this.#failing && this.#failure !== undefined) throw this.#failure;
    this.steps.push(file === '' ? kind : `${kind} ${path.relative(this.#root, file)}`);
  }

  readonly ops: FileOps = {
    open: async (file, flags, mode) => {
      this.step('open', String(file));
      return this.#watch(await nodeFileOps.open(file, flags, mode), String(file));
    },
    mkdir: (async (folder: string, options: object) => {
      this.step('mkdir', folder);
      return nodeFileOps.mkdir(folder, options);
    }) as FileOps['mkdir'],
    rename: (from, to) => {
      this.step('rename', String(to));
      return nodeFileOps.rename(from, to);
    },
    unlink: (file) => {
      this.step('unlink', String(file));
      return nodeFileOps.unlink(file);
    },
    stat: (async (file: string) => {
      this.step('stat', file);
      return nodeFileOps.stat(file);
    }) as FileOps['stat'],
    readdir: (folder) => {
      this.step('readdir', folder);
      return nodeFileOps.readdir(folder);
    },
    assertWritable: (folder) => {
      this.step('assertWritable', folder);
      return nodeFileOps.assertWritable(folder);
    },
    freeBytes: (folder) => {
      this.step('freeBytes', folder);
      return nodeFileOps.freeBytes(folder);
    },
  };

  #watch(handle: FileHandle, file: string): FileHandle {
    return new Proxy(handle, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        return (...parameters: unknown[]) =>
          this.#onHandle(target, String(property), value as HandleMethod, parameters, file);
      },
    });
  }

  async #onHandle(
    target: FileHandle,
    kind: string,
    method: HandleMethod,
    parameters: unknown[],
    file: string,
  ): Promise<unknown> {
    try {
      this.step(kind, file);
    } catch (error) {
      // The system closes the files of a dead process.
      if (kind === 'close') await target.close();
      throw error;
    }
    return method.apply(target, parameters);
  }
}
