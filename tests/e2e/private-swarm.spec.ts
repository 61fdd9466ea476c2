import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { test } from '@playwright/test';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { newSwarmKeyText, parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { LeakScanner } from '../helpers/leak-scanner.ts';
import { REPO } from '../helpers/programs.ts';
import { Stage, downloadFile, expect, uploadAll } from './stage.ts';

const CLIP = path.join(REPO, 'tests/fixtures/clip.webm');

const keyField = (page: Page): Locator => page.getByLabel('Swarm key', { exact: true });
const openButton = (page: Page): Locator => page.getByRole('button', { name: 'Open the swarm' });

async function enterKey(page: Page, keyText: string): Promise<void> {
  await keyField(page).fill(keyText.trim());
  await openButton(page).click();
}

async function expectLocked(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: 'This swarm is private' })).toBeVisible();
}

async function expectOpen(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: 'Upload files' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Swarm: 6 relays on 1 host' })).toBeVisible();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

async function forgetKey(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Swarm: / }).click();
  await page.getByRole('note').getByRole('button', { name: 'Forget this key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget this key' }).click();
}

test('the page asks for the key of a private swarm, and works with it, also after a reload', async ({
  page,
}) => {
  test.setTimeout(240_000);
  const keyText = newSwarmKeyText();
  await using stage = await Stage.set(6, keyText);
  await page.goto(stage.proxy.url);
  await expectLocked(page);

  // What is no key, and what is another swarm's.
  await enterKey(page, 'correct horse battery staple');
  await expect(page.getByRole('alert')).toContainText('This is not a swarm key');
  await enterKey(page, newSwarmKeyText());
  await expect(page.getByRole('alert')).toContainText('This key does not open this swarm');
  await expect(keyField(page)).toBeFocused();
  await enterKey(page, keyText);
  await expectOpen(page);

  await uploadAll(page, [CLIP]);
  await downloadFile(page, 'clip.webm', stage.path('copy.webm'));
  expect(await sha256OfFile(stage.path('copy.webm'))).toBe(await sha256OfFile(CLIP));

  await page.reload();
  await expectOpen(page);
  await page.getByRole('button', { name: 'Open clip.webm' }).click();
  const video = page.locator('video');
  await expect.poll(() => video.evaluate((media: HTMLVideoElement) => media.readyState)).toBeGreaterThan(1);
  await page.getByRole('button', { name: 'Close' }).click();

  // A service worker that was ended has nothing but the database.
  const worker = await page.context().newCDPSession(page);
  await worker.send('ServiceWorker.enable');
  await worker.send('ServiceWorker.stopAllWorkers');
  await downloadFile(page, 'clip.webm', stage.path('copy 2.webm'));
  expect(await sha256OfFile(stage.path('copy 2.webm'))).toBe(await sha256OfFile(CLIP));

  const { client, link, datagram } = parseSwarmKey(keyText);
  const scanner = new LeakScanner(
    [await readFile(CLIP)],
    [
      { label: 'the swarm key', bytes: Buffer.from(keyText.trim(), 'base64url') },
      ...Object.entries({ client, link, datagram }).map(([use, bytes]) => ({
        label: `its ${use} key`,
        bytes,
      })),
    ],
  );
  expect(scanner.scan('what the browser sent', stage.proxy.sentBytes())).toEqual([]);
  expect(stage.proxy.requestLines('PUT').length).toBeGreaterThan(0);
});

test('a key file opens it; once the key is forgotten, uploads wait for it and lose nothing', async ({
  page,
  context,
}) => {
  test.setTimeout(240_000);
  const keyText = newSwarmKeyText();
  await using stage = await Stage.set(6, keyText);
  const keyFile = stage.path('home.key');
  await writeFile(keyFile, keyText);
  await page.goto(stage.proxy.url);
  await expectLocked(page);
  await page.getByLabel('Swarm key file').setInputFiles(keyFile);
  await expectOpen(page);

  const second = await context.newPage();
  await second.goto(stage.proxy.url);
  await expectOpen(second);

  const big = stage.path('big.bin');
  await writeMixedFile(big, 30 * 2 ** 20);
  stage.proxy.forget();
  await page.getByLabel('Files to upload').setInputFiles(big);
  await expect.poll(() => stage.proxy.requestLines('PUT').length, { timeout: 60_000 }).toBeGreaterThan(4);
  await forgetKey(second);
  // Every tab hears of it.
  await expectLocked(second);
  await expectLocked(page);
  await expect(page.getByRole('status').filter({ hasText: '1 upload waits' })).toBeVisible();
  await enterKey(page, keyText);
  await expect(page.getByRole('button', { name: 'Open big.bin' })).toBeVisible({ timeout: 90_000 });
  await expectOpen(second);
  await downloadFile(page, 'big.bin', stage.path('big copy.bin'));
  expect(await sha256OfFile(stage.path('big copy.bin'))).toBe(await sha256OfFile(big));
});

test('a key that was changed leads back to the question, and the new one goes on', async ({ page }) => {
  test.setTimeout(240_000);
  const [oldKey, newKey] = [newSwarmKeyText(), newSwarmKeyText()];
  await using stage = await Stage.set(6, oldKey);
  await page.goto(stage.proxy.url);
  await enterKey(page, oldKey);
  await expectOpen(page);
  await uploadAll(page, [CLIP]);
  await downloadFile(page, 'clip.webm', stage.path('copy.webm'));

  const { relays } = stage.swarm;
  await Promise.all(relays.map((relay) => relay.kill('SIGTERM')));
  await writeFile(stage.keyFile, newKey);
  for (const [i, relay] of relays.entries()) relays[i] = await relay.restart();
  await expect(page.getByRole('heading', { name: 'The swarm key does not work any more' })).toBeVisible({
    timeout: 60_000,
  });
  await enterKey(page, oldKey);
  await expect(page.getByRole('alert')).toContainText('This key does not open this swarm');
  await enterKey(page, newKey);
  await expectOpen(page);
  // The service worker had a session and a key of its own; both are void.
  await downloadFile(page, 'clip.webm', stage.path('copy 2.webm'));
  expect(await sha256OfFile(stage.path('copy 2.webm'))).toBe(await sha256OfFile(CLIP));
});

test('axe finds nothing where the page asks for the key', async ({ page }) => {
  await using stage = await Stage.set(1, newSwarmKeyText());
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const viewport of [
      { width: 1280, height: 800 },
      { width: 390, height: 844 },
    ]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      await page.goto(stage.proxy.url);
      await expectLocked(page);
      expect(await violations(page)).toEqual([]);
      await enterKey(page, newSwarmKeyText());
      await expect(page.getByRole('alert')).toContainText('does not open this swarm');
      expect(await violations(page)).toEqual([]);
      // It fits: nothing is cut off at the side.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        viewport.width,
      );
    }
  }
});

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`));
}
