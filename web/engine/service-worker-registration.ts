import { AppError } from '../../shared/errors.ts';
import type { ServiceWorkerRequest } from './service-worker-messages.ts';
import { Watchers } from './watchers.ts';

const SCRIPT_URL = '/sw.js';
/** On the first visit the page waits this long for its service worker; then it starts without, and gains it later. */
const CONTROL_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 2_000;

/** The page's service worker: whether it serves this page, and when a newer one waits to take over. */
export class AppServiceWorker {
  readonly #container: ServiceWorkerContainer;
  readonly #registration: ServiceWorkerRegistration;
  readonly #reload: () => void;
  readonly #updates = new Watchers<boolean>(() => this.updateReady);
  #controller: ServiceWorker | null;
  /** Another tab has let a newer version take over: this page's own code is the older one. */
  #outdated = false;

  private constructor(
    container: ServiceWorkerContainer,
    registration: ServiceWorkerRegistration,
    reload: () => void,
  ) {
    this.#container = container;
    this.#registration = registration;
    this.#reload = reload;
    this.#controller = container.controller;
    container.addEventListener('controllerchange', this.#onControllerChange);
    registration.addEventListener('updatefound', this.#watchInstalling);
    this.#watchInstalling();
  }

  /**
   * Registers it and waits until it controls this page. `reload` reloads the page, for an update.
   * Throws `UNSUPPORTED` when the browser refuses.
   */
  static async start(container: ServiceWorkerContainer, reload: () => void): Promise<AppServiceWorker> {
    let registration: ServiceWorkerRegistration;
    try {
      registration = await container.register(SCRIPT_URL, { updateViaCache: 'none' });
    } catch (cause) {
      throw new AppError('UNSUPPORTED', 'This browser refused the app’s service worker.', { cause });
    }
    const worker = new AppServiceWorker(container, registration, reload);
    await worker.#waitForControl();
    return worker;
  }

  /** Whether requests of this page reach it: before that, `/stream/…` would go to the relay. */
  get controlling(): boolean {
    return this.#container.controller !== null;
  }

  /** Whether a newer version waits, or has taken over in another tab. */
  get updateReady(): boolean {
    return this.#outdated || (this.#registration.waiting !== null && this.#registration.active !== null);
  }

  /** Called at once and when a newer version gets ready. Returns how to stop. */
  watchUpdate(callback: (ready: boolean) => void): () => void {
    return this.#updates.watch(callback);
  }

  /**
   * Lets the waiting version take over and reloads the page. Throws `CONFLICT` while any tab plays or downloads a
   * file, `NOT_FOUND` when there is no newer version.
   */
  async applyUpdate(): Promise<void> {
    const { active, waiting } = this.#registration;
    if (waiting === null) {
      if (!this.#outdated) throw new AppError('NOT_FOUND', 'There is no newer version.');
      this.#reload();
      return;
    }
    if (active !== null && (await countStreams(active)) > 0) {
      throw new AppError('CONFLICT', 'A file is being played or downloaded: try again when that has ended.');
    }
    this.#container.addEventListener('controllerchange', this.#reload, { once: true });
    post(waiting, 'skip-waiting');
  }

  dispose(): void {
    this.#container.removeEventListener('controllerchange', this.#onControllerChange);
    this.#registration.removeEventListener('updatefound', this.#watchInstalling);
    this.#updates.dispose();
  }

  readonly #onControllerChange = (): void => {
    const { controller } = this.#container;
    // From none to the first one is the first visit, or a hard reload.
    if (this.#controller !== null && controller !== this.#controller) this.#outdated = true;
    this.#controller = controller;
    this.#updates.changed();
  };

  readonly #watchInstalling = (): void => {
    this.#registration.installing?.addEventListener('statechange', () => this.#updates.changed());
  };

  /** Resolves when it controls the page, cannot, or takes too long. */
  async #waitForControl(): Promise<void> {
    if (this.controlling) return;
    const { active, installing } = this.#registration;
    const done = new AbortController();
    await new Promise<void>((resolve) => {
      const options = { signal: AbortSignal.any([done.signal, AbortSignal.timeout(CONTROL_TIMEOUT_MS)]) };
      options.signal.addEventListener('abort', () => resolve());
      this.#container.addEventListener('controllerchange', () => resolve(), options);
      installing?.addEventListener(
        'statechange',
        () => {
          if (installing.state === 'redundant') resolve();
        },
        options,
      );
      if (active !== null) post(active, 'claim');
    });
    done.abort();
  }
}

function post(worker: ServiceWorker, request: ServiceWorkerRequest, transfer: Transferable[] = []): void {
  worker.postMessage(request, transfer);
}

/** 0 when the worker does not answer: then it serves nobody. */
async function countStreams(worker: ServiceWorker): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  try {
    return await new Promise<number>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<unknown>) => resolve(typeof data === 'number' ? data : 0);
      AbortSignal.timeout(ANSWER_TIMEOUT_MS).addEventListener('abort', () => resolve(0));
      post(worker, 'count-streams', [port2]);
    });
  } finally {
    port1.close();
  }
}
