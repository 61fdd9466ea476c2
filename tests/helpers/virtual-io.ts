/**
 * Real files and real cryptography under a virtual clock. Every operation of the swarm waits in one line: one runs at a time,
 * and its caller has gone as far as it can before the next begins. So it can be known when all has come to rest, and the same
 * swarm does the same things in the same order, however busy the machine is.
 */
import type { FileHandle } from 'node:fs/promises';
import { nodeFileOps } from '../../relay/storage/file-ops.ts';
import type { FileOps } from '../../relay/storage/file-ops.ts';
import type { VirtualProcess } from './virtual-time.ts';

interface Job {
  readonly process: VirtualProcess | null;
  /** Called as the job's turn comes; may kill the process. */
  readonly begin: () => void;
  readonly run: () => Promise<void>;
}

/** What Node has under way besides: file operations that did not go through the line, and callbacks put off. */
const UNDER_WAY = new Set(['FSReqPromise', 'FSReqCallback', 'CloseReq', 'Immediate']);
const SUBTLE = [
  'digest',
  'sign',
  'verify',
  'importKey',
  'exportKey',
  'encrypt',
  'decrypt',
  'deriveBits',
] as const;
const HANDLE = ['read', 'write', 'sync', 'datasync', 'stat', 'truncate', 'close'] as const;

type Method = (...parameters: unknown[]) => Promise<unknown>;

/** Runs every promise job there is, and what was ready in the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class SerialIo implements Disposable {
  readonly #line: Job[] = [];
  #running = false;
  #submitted = 0;
  readonly #restore: () => void;

  /** Takes `crypto.subtle` of this process until disposed of. */
  constructor() {
    this.#restore = this.#takeSubtle();
  }

  /** The operation's outcome. One of a process that is dead by then never begins, and nobody hears of it. */
  submit<T>(
    operation: () => Promise<T>,
    process: VirtualProcess | null = null,
    begin: () => void = () => undefined,
  ): Promise<T> {
    const outcome = Promise.withResolvers<T>();
    this.#submitted++;
    this.#line.push({ process, begin, run: () => operation().then(outcome.resolve, outcome.reject) });
    if (!this.#running) void this.#work();
    return outcome.promise;
  }

  /** Resolves when nothing goes on any more that does not wait for time or the test. */
  async settled(): Promise<void> {
    for (;;) {
      const submitted = this.#submitted;
      await turn();
      if (this.#running || submitted !== this.#submitted) continue;
      if (process.getActiveResourcesInfo().every((kind) => !UNDER_WAY.has(kind))) return;
    }
  }

  [Symbol.dispose](): void {
    this.#restore();
  }

  async #work(): Promise<void> {
    this.#running = true;
    for (let job = this.#line.shift(); job !== undefined; job = this.#line.shift()) {
      if (job.process?.dead !== true) job.begin();
      if (job.process?.dead === true) continue;
      await job.run();
      await turn();
    }
    this.#running = false;
  }

  #takeSubtle(): () => void {
    const subtle = crypto.subtle as unknown as Record<(typeof SUBTLE)[number], Method>;
    for (const name of SUBTLE) {
      const original = subtle[name].bind(subtle);
      const value: Method = (...parameters) => this.submit(() => original(...parameters));
      Object.defineProperty(subtle, name, { value, configurable: true });
    }
    return () => {
      for (const name of SUBTLE) Reflect.deleteProperty(subtle, name);
    };
  }
}

/** A process's file operations. When it is killed, the one under way is its last. */
export class ProcessFiles {
  readonly ops: FileOps;
  readonly #io: SerialIo;
  readonly #process: VirtualProcess;
  readonly #open = new Map<FileHandle, () => Promise<unknown>>();
  readonly #beforeEach: () => void;

  /** `beforeEach` is called as each operation begins, and may kill the process. */
  constructor(io: SerialIo, process: VirtualProcess, beforeEach: () => void) {
    this.#io = io;
    this.#process = process;
    this.#beforeEach = beforeEach;
    const wrap = <P extends unknown[], T>(operation: (...parameters: P) => Promise<T>) => {
      return (...parameters: P): Promise<T> => this.#submit(() => operation(...parameters));
    };
    const { open, mkdir, rename, unlink, stat, readdir, assertWritable, freeBytes } = nodeFileOps;
    this.ops = {
      open: async (...parameters) => this.#adopt(await wrap(open)(...parameters)),
      mkdir: wrap(mkdir as Method) as typeof mkdir,
      rename: wrap(rename),
      unlink: wrap(unlink),
      stat: wrap(stat as Method) as typeof stat,
      readdir: wrap(readdir),
      assertWritable: wrap(assertWritable),
      freeBytes: wrap(freeBytes),
    };
  }

  /** What the system does with the files of a process that has died. */
  async closeAll(): Promise<void> {
    for (const close of this.#open.values()) await close();
    this.#open.clear();
  }

  #submit<T>(operation: () => Promise<T>): Promise<T> {
    return this.#io.submit(operation, this.#process, this.#beforeEach);
  }

  #adopt(handle: FileHandle): FileHandle {
    const methods = handle as unknown as Record<(typeof HANDLE)[number], Method>;
    this.#open.set(handle, handle.close.bind(handle));
    for (const name of HANDLE) {
      const original = methods[name].bind(handle);
      const value: Method = (...parameters) => {
        return this.#submit(() => {
          if (name === 'close') this.#open.delete(handle);
          return original(...parameters);
        });
      };
      Object.defineProperty(handle, name, { value, configurable: true });
    }
    return handle;
  }
}
