import { expect, test as base } from '@playwright/test';
import type { BrowserContext, Page, Response } from '@playwright/test';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeMixedFile } from '../helpers/files.ts';
import { Stage, openApp, openView, uploadAll } from './stage.ts';

/** JavaScript, as it comes over the wire, that a first visit may load. */
const MAX_INITIAL_SCRIPT_BYTES = 150 * 1024;

const test = base.extend<object, { stage: Stage }>({
  stage: [
    async ({}, use) => {
      await using stage = await Stage.set(6, undefined, { copyApp: true });
      await use(stage);
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** A context whose pages talk to the network themselves, so that it can be watched and broken. */
async function withoutServiceWorker(page: Page): Promise<BrowserContext> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('This page has no browser.');
  return browser.newContext({ serviceWorkers: 'block' });
}

/** Puts a newer build in place: the same app, whose page says which build it is. */
async function putNewerBuild(stage: Stage): Promise<void> {
  const index = path.join(stage.webDir, 'index.html');
  const html = await readFile(index, 'utf8');
  await writeFile(index, html.replace('<head>', '<head><meta name="build" content="newer" />'));
  const worker = path.join(stage.webDir, 'sw.js');
  const script = await readFile(worker, 'utf8');
  // The page's revision in the service worker's list, whatever quotes the minifier chose.
  const entry = /(["'`]?url["'`]?:\s*["'`]index\.html["'`],\s*["'`]?revision["'`]?:\s*)["'`]\w+["'`]/;
  expect(script).toMatch(entry);
  await writeFile(worker, script.replace(entry, '$1"newer"'));
  for (const file of [index, worker]) for (const suffix of ['br', 'gz']) await rm(`${file}.${suffix}`);
}

test('a first visit loads little code, and what comes later may fail once', async ({ page, stage }) => {
  const context = await withoutServiceWorker(page);
  try {
    const visit = await context.newPage();
    const scripts: Promise<number>[] = [];
    const weigh = (response: Response): void => {
      const request = response.request();
      if (request.resourceType() !== 'script') return;
      scripts.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    };
    visit.on('response', weigh);
    await visit.goto(stage.proxy.url);
    await expect(visit.getByRole('button', { name: /^Swarm: 6 relays/ })).toBeVisible();
    await visit.waitForLoadState('networkidle');
    visit.off('response', weigh);
    const sizes = await Promise.all(scripts);
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_INITIAL_SCRIPT_BYTES);

    const uploadCode = '**/assets/upload-queue-*.js';
    await visit.route(uploadCode, (route) => route.abort());
    const note = stage.path('late.txt');
    await writeFile(note, 'better late than never\n');
    const input = visit.getByLabel('Files to upload');
    await input.setInputFiles(note);
    const alert = visit.getByRole('alert').filter({ hasText: 'The upload could not be started' });
    await expect(alert).toContainText('the relay that serves it does not answer');
    await visit.unroute(uploadCode);
    await input.setInputFiles(note);
    await expect(visit.getByRole('button', { name: 'Open late.txt' })).toBeVisible({ timeout: 60_000 });
  } finally {
    await context.close();
  }
});

test('the app can be installed, and takes what is shared with it', async ({ page, stage }) => {
  await openApp(page, stage);
  const devtools = await page.context().newCDPSession(page);
  const { errors } = await devtools.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
  // Playwright's contexts count as private windows, where nothing is installed.
  expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);

  // What the system sends when something is shared with the installed app.
  const answer = await page.evaluate(async () => {
    const form = new FormData();
    form.append('files', new File(['wish you were here'], 'postcard – côte.txt', { type: 'text/plain' }));
    form.append('files', new File(['see you'], 'letter.txt', { type: 'text/plain' }));
    const response = await fetch('/share-target', { method: 'POST', body: form, redirect: 'manual' });
    return response.type;
  });
  expect(answer).toBe('opaqueredirect');
  await page.reload();
  await expect(page.getByText('2 shared files are being uploaded')).toBeVisible();
  await page.getByRole('button', { name: 'Open postcard – côte.txt' }).click({ timeout: 60_000 });
  await expect(page.getByRole('dialog')).toContainText('wish you were here');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Open letter.txt' })).toBeVisible();
  await expect(page.getByText(/being uploaded/)).toBeHidden();
});

test('a newer version waits for the end of an upload, then takes over', async ({ page, stage }) => {
  const big = stage.path('big.bin');
  // Half of it is text: enough to compress for longer than an update takes to be found and installed.
  await writeMixedFile(big, 64 * 2 ** 20);
  await openApp(page, stage);
  await putNewerBuild(stage);
  stage.proxy.forget();
  await page.getByLabel('Files to upload').setInputFiles(big);
  await expect.poll(() => stage.proxy.requestLines('PUT').length, { timeout: 60_000 }).toBeGreaterThan(2);
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });
  // In every view.
  await openView(page, 'Network');
  const banner = page.getByRole('status').filter({ hasText: 'A new version of Lanvault is ready' });
  await expect(banner).toContainText('once the transfers have finished', { timeout: 60_000 });
  await expect(banner.getByRole('button', { name: 'Update now' })).toBeDisabled();
  await openView(page, 'Files');
  await expect(page.getByRole('button', { name: 'Open big.bin' })).toBeVisible({ timeout: 120_000 });
  expect(await page.locator('meta[name=build]').count()).toBe(0);
  await page.getByRole('button', { name: 'Update now' }).click();
  // The browser waits for what the one before still answers.
  await expect(page.locator('meta[name=build]')).toHaveAttribute('content', 'newer', { timeout: 60_000 });
  await expect(page.getByRole('button', { name: 'Open big.bin' })).toBeVisible();
  const late = stage.path('late.txt');
  await writeFile(late, 'by the newer one\n');
  await uploadAll(page, [late]);
});
