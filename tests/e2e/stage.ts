/** What the browser tests play on: real relays that serve the built app, with everything the browser sends recorded. */
import { test as base, expect } from '@playwright/test';
import type { Page } from '@playwright/test';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import { withSwarmSession } from '../../shared/protocol/swarm-session.ts';
import { RecordingProxy } from '../helpers/recording-proxy.ts';
import { REPO } from '../helpers/programs.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayFetch, RelayProcess, RelaySwarm } from '../helpers/relays.ts';

const WEB_DIR = path.join(REPO, 'dist/web');

interface StageOptions {
  readonly copyApp?: boolean;
  readonly relayArgs?: readonly string[];
}

export class Stage implements AsyncDisposable {
  readonly swarm: RelaySwarm;
  /** The relay without storage that serves the app, as `lanvault web-ui` is. */
  readonly webUi: RelayProcess;
  /** In front of the web UI; the browser knows only this. */
  readonly proxy: RecordingProxy;
  /** For inputs and downloads. */
  readonly dir: string;

  private constructor(swarm: RelaySwarm, webUi: RelayProcess, proxy: RecordingProxy, dir: string) {
    this.swarm = swarm;
    this.webUi = webUi;
    this.proxy = proxy;
    this.dir = dir;
  }

  /**
   * `swarmKeyText`: the content of a key file, for a private swarm. `copyApp`: the app is served from `webDir`, a copy of
   * its own, so that a newer build can be put there. `relayArgs`: of every relay.
   */
  static async set(
    relayCount: number,
    swarmKeyText?: string,
    { copyApp = false, relayArgs = [] }: StageOptions = {},
  ): Promise<Stage> {
    if (!existsSync(path.join(WEB_DIR, 'index.html'))) throw new Error('Build the app first: npm run build');
    const dir = await mkdtemp(path.join(tmpdir(), 'lanvault-e2e-'));
    const access = swarmKeyText === undefined ? {} : await privateAccess(dir, swarmKeyText);
    const extraArgs = [...(access.extraArgs ?? []), ...relayArgs];
    const swarm = await startRelays(relayCount, { ...access, extraArgs });
    if (copyApp) await cp(WEB_DIR, webDirIn(dir), { recursive: true });
    const webDir = copyApp ? webDirIn(dir) : WEB_DIR;
    const webUi = await swarm.add(['--capacity', '0', '--web-dir', webDir, ...extraArgs], access.fetch);
    await swarm.settled();
    return new Stage(swarm, webUi, await RecordingProxy.start(webUi.port), dir);
  }

  /** Of a private swarm: what its relays read when they start. */
  get keyFile(): string {
    return keyFileIn(this.dir);
  }

  /** Of an app that was copied. */
  get webDir(): string {
    return webDirIn(this.dir);
  }

  path(name: string): string {
    return path.join(this.dir, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.swarm[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }
}

function webDirIn(dir: string): string {
  return path.join(dir, 'web');
}

function keyFileIn(dir: string): string {
  return path.join(dir, 'stage.key');
}

interface Access {
  readonly extraArgs?: readonly string[];
  readonly fetch?: RelayFetch;
}

async function privateAccess(dir: string, swarmKeyText: string): Promise<Access> {
  const keyFile = keyFileIn(dir);
  await writeFile(keyFile, swarmKeyText, { mode: 0o600 });
  return {
    extraArgs: ['--swarm-key', keyFile],
    fetch: withSwarmSession(fetch, parseSwarmKey(swarmKeyText)),
  };
}

/** One stage for all tests of a file; each test has a browser profile of its own. */
export const test = base.extend<object, { stage: Stage }>({
  stage: [
    // Playwright wants a destructured first argument, even an empty one.
    async ({}, use) => {
      await using stage = await Stage.set(6);
      await use(stage);
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** Opens the app and waits until it streams: the service worker is in control and the swarm is seen. */
export async function openApp(page: Page, stage: Stage): Promise<void> {
  await page.goto(stage.proxy.url);
  await expect(page.getByRole('button', { name: 'Upload files' })).toBeVisible();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** Goes to a view by the navigation. `heading`: its title, where that is not its name. */
export async function openView(page: Page, name: string, heading = name): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name }).click();
  await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
}

/** Chooses from the menu of a file or folder of the list. */
export async function chooseAction(page: Page, name: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `More actions for ${name}`, exact: true }).click();
  await page.getByRole('menuitem', { name: `${action} ${name}`, exact: true }).click();
}

/** Gives files to the page and waits until each is stored on five relays. */
export async function uploadAll(page: Page, files: readonly string[]): Promise<void> {
  await page.getByLabel('Files to upload').setInputFiles([...files]);
  for (const file of files) {
    await expect(page.getByRole('button', { name: `Open ${path.basename(file)}` })).toBeVisible({
      timeout: 90_000,
    });
  }
}

/** Presses Download and gives back where the bytes were saved. */
export async function downloadFile(page: Page, name: string, target: string): Promise<void> {
  const started = page.waitForEvent('download');
  await page.getByRole('button', { name: `Download ${name}`, exact: true }).click();
  const download = await started;
  expect(download.suggestedFilename()).toBe(name);
  await download.saveAs(target);
}

export { expect };
