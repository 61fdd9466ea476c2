import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { App } from '../../../../web/state/app.svelte.ts';
import type { Passphrases } from '../../../../web/state/app.svelte.ts';
import type { AppEngine, AskPassphrase } from '../../../../web/engine/contract.ts';
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
  loadEngine: (preferences: Preferences, askPassphrase: AskPassphrase) => Promise<AppEngine>,
  settings: SettingsStore = memorySettings(),
  wipeBrowser: () => Promise<void> = () => Promise.resolve(),
  passphrases: Passphrases = new FakePassphrases(),
): { app: App; window: EventTarget; wipeNews: FakeWipeNews } {
  const window = new EventTarget();
  const address = { events: window, fragment: () => '', clearFragment: () => undefined };
  const wipeNews = new FakeWipeNews();
  const app = new App({ settings, window, address, loadEngine, passphrases, wipeNews, wipeBrowser });
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

/** A vault under a passphrase. */
class FakePassphrases implements Passphrases {
  set: string | null = null;
  failure: AppError | null = null;
  readonly engines: FakeEngine[] = [];

  check(passphrase: string | null): Promise<void> {
    return passphrase === this.set ? Promise.resolve() : Promise.reject(wrong());
  }

  async change(current: string | null, next: string | null): Promise<void> {
    expect(this.engines.at(-1)?.disposed).toBe(true);
    if (this.failure !== null) throw this.failure;
    await this.check(current);
    this.set = next;
  }

  readonly load = async (_preferences: Preferences, ask: AskPassphrase): Promise<AppEngine> => {
    if (this.set !== null) await ask((passphrase) => this.check(passphrase));
    const engine = new FakeEngine();
    this.engines.push(engine);
    return engine;
  };
}

function wrong(): AppError {
  return new AppError('FORBIDDEN', 'This is not the passphrase.');
}

function appWith(passphrases: FakePassphrases): { app: App } {
  return startApp(passphrases.load, memorySettings(), () => Promise.resolve(), passphrases);
}

describe('a vault under a passphrase', () => {
  it('is opened by it, and by no other', async () => {
    const passphrases = new FakePassphrases();
    passphrases.set = 'open sesame';
    const { app } = appWith(passphrases);
    const started = app.start();
    const { door } = app;
    await door?.open('open barley');
    expect(door?.error).toMatchObject({ code: 'FORBIDDEN' });
    expect(app.door).toBe(door);
    expect(app.session).toBeNull();
    await door?.open('open sesame');
    await started;
    expect([app.door, app.session === null, app.startError]).toEqual([null, false, null]);
    await app[Symbol.asyncDispose]();
  });

  it('can be wiped without it', async () => {
    const passphrases = new FakePassphrases();
    passphrases.set = 'forgotten';
    const { app } = appWith(passphrases);
    const started = app.start();
    await app.wipe();
    await started;
    expect([app.end, app.door, app.session, app.startError]).toEqual(['wiped', null, null, null]);
  });

  it('gets it, another and none, each with a new session that is not asked for it again', async () => {
    const passphrases = new FakePassphrases();
    const { app } = appWith(passphrases);
    await app.start();
    for (const [current, next] of [
      [null, 'one'],
      ['one', 'two'],
      ['two', null],
    ] as const) {
      await app.changePassphrase(current, next);
      expect([passphrases.set, app.door, app.session === null]).toEqual([next, null, false]);
    }
    expect(passphrases.engines).toHaveLength(4);
    await app[Symbol.asyncDispose]();
  });

  it('keeps it, and the session, when the wrong one is given or something is under way', async () => {
    const passphrases = new FakePassphrases();
    const { app } = appWith(passphrases);
    await app.start();
    const { session } = app;
    await expect(app.changePassphrase('wrong', 'next')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    passphrases.engines[0]?.transfers.set([transfer()]);
    await expect(app.changePassphrase(null, 'next')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(app.session).toBe(session);
    expect(passphrases.set).toBeNull();
    await app[Symbol.asyncDispose]();
  });

  it('goes on with the old one when it cannot be changed, and says why', async () => {
    const passphrases = new FakePassphrases();
    passphrases.failure = new AppError('CONFLICT', 'Open in another tab.');
    const { app } = appWith(passphrases);
    await app.start();
    await app.changePassphrase(null, 'next');
    expect(app.session).not.toBeNull();
    expect(app.notices.list[0]).toMatchObject({ tone: 'error', text: 'Open in another tab.' });
    await app[Symbol.asyncDispose]();
  });
});

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
