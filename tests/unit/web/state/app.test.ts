import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { App } from '../../../../web/state/app.svelte.ts';
import type { AppEngine } from '../../../../web/engine/contract.ts';
import type { Preferences } from '../../../../web/state/preferences.svelte.ts';
import type { WipeNews } from '../../../../web/engine/device/wipe-news.ts';
import type { SettingsStore } from '../../../../web/state/settings-store.ts';
import { FakeEngine, storedFile, transfer } from './fake-engine.ts';

function memorySettings(
  initial: Record<string, string> = {},
): SettingsStore & { values: Map<string, string> } {
  const values = new Map(Object.entries(initial));
  return { values, get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value) };
}

function startApp(
  loadEngine: () => Promise<AppEngine>,
  settings: SettingsStore = memorySettings(),
  wipeBrowser: () => Promise<void> = () => Promise.resolve(),
): { app: App; window: EventTarget; wipeNews: FakeWipeNews } {
  const window = new EventTarget();
  const address = { events: window, fragment: () => '', clearFragment: () => undefined };
  const wipeNews = new FakeWipeNews();
  const app = new App({ settings, window, address, loadEngine, wipeNews, wipeBrowser });
  return { app, window, wipeNews };
}

class FakeWipeNews implements WipeNews {
  told = 0;
  readonly listeners = new Set<() => void>();

  tell(): void {
    this.told++;
  }

  listen(callback: () => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }
}

describe('App', () => {
  it('has a session once the engine runs, and takes it down completely', async () => {
    const engine = new FakeEngine();
    engine.files.set([storedFile()]);
    const { app } = startApp(() => Promise.resolve(engine));
    expect(app.session).toBeNull();
    await app.start();
    expect(app.session?.files.count).toBe(1);
    expect(app.session?.busy).toBe(false);
    engine.transfers.set([transfer()]);
    expect(app.session?.busy).toBe(true);
    await app[Symbol.asyncDispose]();
    expect(engine.watcherCount).toBe(0);
    expect(engine.disposed).toBe(true);
  });

  it('wipes the browser when no engine runs any more, and tells the other tabs', async () => {
    const engine = new FakeEngine();
    const seen: unknown[] = [];
    const { app, wipeNews } = startApp(
      () => Promise.resolve(engine),
      memorySettings(),
      () => {
        seen.push(engine.disposed, wipeNews.told, app.end);
        return Promise.resolve();
      },
    );
    await app.start();
    await app.wipe();
    expect(seen).toEqual([true, 1, 'wiping']);
    expect(app.end).toBe('wiped');
    expect(app.session).toBeNull();
    await app[Symbol.asyncDispose]();
    expect(wipeNews.listeners.size).toBe(0);
  });

  it('says why it could not wipe, and tries again when asked to', async () => {
    const engine = new FakeEngine();
    let tries = 0;
    const busy = new AppError('CONFLICT', 'Another tab does not let go.');
    const { app } = startApp(
      () => Promise.resolve(engine),
      memorySettings(),
      () => (tries++ === 0 ? Promise.reject(busy) : Promise.resolve()),
    );
    await app.start();
    await app.wipe();
    expect(app.end).toBe('not-wiped');
    expect(app.startError).toBe(busy);
    await app.wipe();
    expect(app.end).toBe('wiped');
    expect(app.startError).toBeNull();
  });

  it('ends when another tab wipes the browser, even while it starts', async () => {
    const engine = new FakeEngine();
    const loading = Promise.withResolvers<AppEngine>();
    const { app, wipeNews } = startApp(() => loading.promise);
    const started = app.start();
    for (const hear of wipeNews.listeners) hear();
    loading.resolve(engine);
    await started;
    expect(app.end).toBe('wiped-elsewhere');
    expect(app.session).toBeNull();
    expect(engine.disposed).toBe(true);
  });

  it('says why it could not start, and starts when asked again', async () => {
    const results: (() => Promise<AppEngine>)[] = [
      () => Promise.reject(new AppError('UNSUPPORTED', 'A newer version stored data here.')),
      () => Promise.resolve(new FakeEngine()),
    ];
    const { app } = startApp(() => results.shift()?.() ?? Promise.reject(new Error('asked too often')));
    await app.start();
    expect(app.startError).toMatchObject({ code: 'UNSUPPORTED' });
    await app.start();
    expect(app.startError).toBeNull();
    expect(app.session).not.toBeNull();
  });

  it('remembers choices and ignores values it does not know', () => {
    const settings = memorySettings({ 'lanvault-theme': 'neon', 'lanvault-compression': 'fast' });
    const preferencesOf = (store: SettingsStore): Preferences =>
      startApp(() => Promise.reject(new Error('unused')), store).app.preferences;
    const { app } = startApp(() => Promise.reject(new Error('unused')), settings);
    expect([app.preferences.theme, app.preferences.compression]).toEqual(['system', 'fast']);
    app.preferences.theme = 'dark';
    app.preferences.compression = 'none';
    expect(Object.fromEntries(settings.values)).toEqual({
      'lanvault-theme': 'dark',
      'lanvault-compression': 'none',
    });
    expect(app.preferences.theme).toBe('dark');
    expect(app.preferences.minReplicas).toBe(1);
    app.preferences.minReplicas = 3;
    expect(settings.values.get('lanvault-min-replicas')).toBe('3');
    expect(preferencesOf(settings).minReplicas).toBe(3);
    settings.set('lanvault-min-replicas', '6');
    expect(preferencesOf(settings).minReplicas).toBe(1);
  });

  it('offers installation while the browser does, once', async () => {
    const { app, window } = startApp(() => Promise.reject(new Error('unused')));
    let asked = 0;
    const offer = Object.assign(new Event('beforeinstallprompt', { cancelable: true }), {
      prompt: () => Promise.resolve(asked++),
    });
    expect(app.install.available).toBe(false);
    window.dispatchEvent(offer);
    expect(offer.defaultPrevented).toBe(true);
    expect(app.install.available).toBe(true);
    await app.install.ask();
    await app.install.ask();
    expect(asked).toBe(1);
    expect(app.install.available).toBe(false);
    window.dispatchEvent(offer);
    window.dispatchEvent(new Event('appinstalled'));
    expect(app.install.available).toBe(false);
  });

  it('offers an update until it is put off, and shows why it has to wait', async () => {
    const engine = new FakeEngine();
    const { app } = startApp(() => Promise.resolve(engine));
    await app.start();
    const update = app.session?.update;
    expect(update?.offered).toBe(false);
    engine.update.set(true);
    expect(update?.offered).toBe(true);
    engine.failure = new AppError('CONFLICT', 'An upload is under way.');
    await update?.apply();
    expect(engine.calls).toEqual(['applyUpdate']);
    expect(app.notices.list[0]?.text).toBe('An upload is under way.');
    update?.postpone();
    expect(update?.offered).toBe(false);
    await app[Symbol.asyncDispose]();
  });

  it('knows how the swarm is', async () => {
    const engine = new FakeEngine();
    const { app } = startApp(() => Promise.resolve(engine));
    await app.start();
    const levels = [
      { reachable: true, storageRelays: 5, hosts: 1 },
      { reachable: true, storageRelays: 4, hosts: 4 },
      { reachable: true, storageRelays: 0, hosts: 0 },
      { reachable: false, storageRelays: 9, hosts: 3 },
    ].map((health) => {
      engine.swarm.set(health);
      return app.session?.swarm.level;
    });
    expect(levels).toEqual(['good', 'few', 'empty', 'unreachable']);
    await app[Symbol.asyncDispose]();
  });
});
