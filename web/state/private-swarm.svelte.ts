/** Whether a private swarm lets this browser in, and what the user does about it. */
import { AppError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { MAX_SWARM_KEY_FILE_BYTES } from '../../shared/limits.ts';
import { ERROR_HINTS } from './error-hints.ts';
import type { AppEngine, SwarmAccess } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

/** What was wrong with a key, and what to do. */
export interface KeyError {
  readonly message: string;
  readonly hint: string;
}

export class PrivateSwarm implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #stop: () => void;
  #access = $state.raw<SwarmAccess>({ lock: null, hasKey: false });
  #checking = $state(false);
  #error = $state.raw<KeyError | null>(null);

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
    this.#stop = engine.watchAccess((access) => {
      this.#access = access;
      if (access.lock === null) this.#error = null;
    });
  }

  /** Null while the swarm lets this browser in. */
  get lock(): SwarmAccess['lock'] {
    return this.#access.lock;
  }

  get hasKey(): boolean {
    return this.#access.hasKey;
  }

  /** A key is being tried. */
  get checking(): boolean {
    return this.#checking;
  }

  /** Of the last key that was tried. */
  get error(): KeyError | null {
    return this.#error;
  }

  /** Tries a key, and keeps it if it works. A second one is ignored while one is being tried. */
  async unlock(keyText: string): Promise<void> {
    await this.#try(() => Promise.resolve(keyText));
  }

  async unlockWith(keyFile: File): Promise<void> {
    await this.#try(() => readKeyFile(keyFile));
  }

  async forgetKey(): Promise<void> {
    try {
      await this.#engine.forgetSwarmKey();
    } catch (cause) {
      this.#notices.error('The key could not be forgotten', cause);
    }
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  async #try(read: () => Promise<string>): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    this.#error = null;
    try {
      await this.#engine.unlockSwarm(await read());
      this.#notices.info('The swarm is open', 'You can upload, open and download files now.');
    } catch (cause) {
      this.#error = explain(AppError.from(cause));
    } finally {
      this.#checking = false;
    }
  }
}

/** Throws `BAD_INPUT` for what is too large to be a key, `IO`. */
async function readKeyFile(file: File): Promise<string> {
  if (file.size > MAX_SWARM_KEY_FILE_BYTES) throw new AppError('BAD_INPUT', 'This is not a swarm key file.');
  try {
    return await file.text();
  } catch (cause) {
    throw new AppError('IO', 'The key file could not be read.', { cause });
  }
}

const REACH = 'Check that the relay is running and that you are on its network, then try again.';
/** What is meant here by codes that say something else elsewhere. */
const EXPLANATIONS: Readonly<
  Partial<Record<ErrorCode, { readonly message?: string; readonly hint: string }>>
> = {
  BAD_INPUT: {
    message: 'This is not a swarm key.',
    hint: 'A key is one line of 43 letters, digits, hyphens and underscores. Copy the whole line, or choose the key file itself.',
  },
  FORBIDDEN: {
    message: 'This key does not open this swarm.',
    hint: 'It belongs to another swarm, or the key was changed. Ask the person who runs this swarm for the current one.',
  },
  UNAVAILABLE: { hint: REACH },
  TIMEOUT: { hint: REACH },
};

function explain({ code, message }: AppError): KeyError {
  return { message, hint: ERROR_HINTS[code], ...EXPLANATIONS[code] };
}
