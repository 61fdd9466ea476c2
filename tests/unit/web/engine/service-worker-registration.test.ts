import { describe, expect, it } from 'vitest';
import { AppServiceWorker } from '../../../../web/engine/service-worker-registration.ts';

class FakeWorker extends EventTarget {
  state = 'activated';
  readonly requests: unknown[] = [];
  /** Streams it says it serves. */
  streams = 0;
  onRequest: (request: unknown) => void = () => undefined;

  postMessage(request: unknown, [port]: MessagePort[]): void {
    this.requests.push(request);
    if (request === 'count-streams') port?.postMessage(this.streams);
    this.onRequest(request);
  }

  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

class FakeRegistration extends EventTarget {
  active: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  installing: FakeWorker | null = null;
}

class FakeContainer extends EventTarget {
  controller: FakeWorker | null = null;
  readonly registration = new FakeRegistration();
  refused = false;

  register(): Promise<FakeRegistration> {
    return this.refused ? Promise.reject(new TypeError('No.')) : Promise.resolve(this.registration);
  }

  control(worker: FakeWorker): void {
    this.controller = worker;
    this.dispatchEvent(new Event('controllerchange'));
  }
}

function begin() {
  const container = new FakeContainer();
  const reloads: number[] = [];
  const start = () =>
    AppServiceWorker.start(container as unknown as ServiceWorkerContainer, () => reloads.push(1));
  return { container, reloads, start };
}

/** A page that the worker controls. */
async function controlled() {
  const page = begin();
  const worker = new FakeWorker();
  page.container.registration.active = worker;
  page.container.controller = worker;
  return { ...page, worker, app: await page.start() };
}

describe('AppServiceWorker', () => {
  it('waits on the first visit until it controls the page', async () => {
    const { container, start } = begin();
    const worker = new FakeWorker();
    container.registration.installing = worker;
    const starting = start();
    let started = false;
    void starting.then(() => (started = true));
    await new Promise(setImmediate);
    expect(started).toBe(false);
    container.control(worker);
    const app = await starting;
    expect(app.controlling).toBe(true);
    expect(app.updateReady).toBe(false);
    app.dispose();
  });

  it('asks to be controlled after a hard reload', async () => {
    const { container, start } = begin();
    const worker = new FakeWorker();
    container.registration.active = worker;
    worker.onRequest = () => container.control(worker);
    const app = await start();
    expect(worker.requests).toEqual(['claim']);
    expect(app.controlling).toBe(true);
    expect(app.updateReady).toBe(false);
    app.dispose();
  });

  it('goes on without when it cannot be installed', async () => {
    const { container, start } = begin();
    const worker = new FakeWorker();
    container.registration.installing = worker;
    const starting = start();
    await new Promise(setImmediate);
    worker.become('redundant');
    const app = await starting;
    expect(app.controlling).toBe(false);
    app.dispose();
  });

  it('says when the browser refuses it', async () => {
    const { container, start } = begin();
    container.refused = true;
    await expect(start()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('tells of a newer version once it waits, and lets it take over only when asked', async () => {
    const { app, container, reloads } = await controlled();
    const seen: boolean[] = [];
    app.watchUpdate((ready) => seen.push(ready));
    const newer = new FakeWorker();
    container.registration.installing = newer;
    container.registration.dispatchEvent(new Event('updatefound'));
    container.registration.installing = null;
    container.registration.waiting = newer;
    newer.become('installed');
    expect(seen).toEqual([false, true]);
    expect(newer.requests).toEqual([]);

    newer.onRequest = () => container.control(newer);
    await app.applyUpdate();
    expect(newer.requests).toEqual(['skip-waiting']);
    expect(reloads).toHaveLength(1);
    app.dispose();
  });

  it('does not update while a stream is served', async () => {
    const { app, container, worker, reloads } = await controlled();
    const newer = new FakeWorker();
    container.registration.waiting = newer;
    worker.streams = 1;
    await expect(app.applyUpdate()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(newer.requests).toEqual([]);
    expect(reloads).toEqual([]);
    app.dispose();
  });

  it('offers a reload to a page whose service worker was replaced from another tab', async () => {
    const { app, container, reloads } = await controlled();
    await expect(app.applyUpdate()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const newer = new FakeWorker();
    container.registration.active = newer;
    container.control(newer);
    expect(app.updateReady).toBe(true);
    expect(reloads).toEqual([]);
    await app.applyUpdate();
    expect(reloads).toHaveLength(1);
    app.dispose();
  });
});
