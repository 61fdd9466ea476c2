/** The Network and Activity views on real relays: what happens to them shows. */
import type { Locator, Page } from '@playwright/test';
import { test as plain } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeMixedFile } from '../helpers/files.ts';
import { newSwarmKeyText } from '../../shared/protocol/swarm-key.ts';
import { RelayProcess } from '../helpers/relays.ts';
import { expectAccessible } from './axe.ts';
import { Stage, expect, openApp, openView, test } from './stage.ts';

const rowOf = (page: Page, { port }: { readonly port: number }): Locator =>
  page
    .getByRole('table', { name: 'Relays' })
    .getByRole('row')
    .filter({ hasText: `127.0.0.1:${String(port)}` });

/** Pixels of the picture that differ from what it lies on. */
function drawnPixels(page: Page): Promise<number> {
  return page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const frame = canvas.closest('.card');
    if (frame === null) throw new Error('The picture has no frame.');
    const under = getComputedStyle(frame).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
    const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    let drawn = 0;
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] === 255 && under.some((value, channel) => data[i + channel] !== value)) drawn++;
    return drawn;
  });
}

test('a relay that is killed shows, and one that is started joins', async ({ page }) => {
  test.setTimeout(180_000);
  await using stage = await Stage.set(5);
  // Where nothing moves, the picture is read from colours that must not be on their way either.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await openApp(page, stage);
  await openView(page, 'Network');
  await expect(page).toHaveTitle('Network · Lanvault');
  for (const relay of stage.swarm.relays) await expect(rowOf(page, relay)).toContainText('Working');
  await expect(rowOf(page, stage.webUi)).toContainText('serves this page');
  await expect(rowOf(page, stage.swarm.entry)).toContainText('0.1.0');
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(1000);
  // The policy lets vis-network draw.
  expect(errors).toEqual([]);

  const [victim] = stage.swarm.relays;
  if (victim === undefined) throw new Error('no relay');
  await victim.kill('SIGKILL');
  await expect(rowOf(page, victim)).toContainText('Gone', { timeout: 40_000 });
  await expect(page.getByRole('status', { name: 'Network news' })).toContainText(
    `127.0.0.1:${String(victim.port)} is gone`,
  );

  const joined = await stage.swarm.add();
  await expect(rowOf(page, joined)).toContainText('Just joined', { timeout: 30_000 });
  await expect(rowOf(page, joined)).toContainText('Working');

  const back = await victim.restart();
  await expect(rowOf(page, back)).toContainText('Working', { timeout: 30_000 });

  await openView(page, 'Activity');
  const log = page.getByRole('list', { name: 'Events, newest first' });
  await expect(log).toContainText(`127.0.0.1:${String(victim.port)} is gone`);
  await expect(log).toContainText(`127.0.0.1:${String(joined.port)} joined the swarm`);
});

test('a relay’s details and neighbours, by keyboard alone', async ({ page, stage }) => {
  await openApp(page, stage);
  await page.getByRole('link', { name: 'Network' }).focus();
  await page.keyboard.press('Enter');
  const [first] = stage.swarm.relays;
  if (first === undefined) throw new Error('no relay');
  const button = page.getByRole('button', {
    name: `Details of 127.0.0.1:${String(first.port)}`,
    exact: true,
  });
  await button.focus();
  await page.keyboard.press('Enter');
  const details = page.getByRole('region', { name: `127.0.0.1:${String(first.port)}` });
  await expect(details).toContainText(first.id);
  await expect(details).toContainText('10.0 GiB');
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  const neighbour = details.getByRole('button', { name: /^127\.0\.0\.1:/ }).first();
  const name = (await neighbour.textContent())?.trim() ?? '';
  await neighbour.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name })).toBeVisible();
  // What it shows is the address: it can be gone back from, and reloaded.
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Network', level: 1 })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('button', { name: 'Upload files' })).toBeVisible();
});

test('a relay that nobody hears is added by its address, by the operator only', async ({ page, stage }) => {
  await using lonely = await RelayProcess.start({ dir: stage.path('lonely'), discoveryPort: 0 });
  await openApp(page, stage);
  await openView(page, 'Network');
  await page.getByRole('button', { name: 'Add a relay' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Its address').fill(`127.0.0.1:${String(lonely.port)}`);
  const token = dialog.getByLabel(`Operator token of 127.0.0.1:${String(stage.webUi.port)}`);
  await token.fill('0'.repeat(64));
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(dialog.getByRole('alert')).toContainText('Only this relay’s operator may do this');
  await expectAccessible(page);
  expect(await lonely.peers()).toHaveLength(1);

  await token.fill(await readFile(path.join(stage.webUi.dir, 'operator.token'), 'utf8'));
  await dialog.getByLabel('Its address').fill('127.0.0.1:1');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(dialog.getByRole('alert')).toContainText('No relay could be reached at 127.0.0.1:1');
  await dialog.getByLabel('Its address').fill(`127.0.0.1:${String(lonely.port)}`);
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(rowOf(page, lonely)).toContainText('Working');
  await expect.poll(async () => (await lonely.peers()).length).toBe(stage.swarm.relays.length + 1);
});

test('an upload can be watched: which chunk goes to which relays', async ({ page, stage }) => {
  await openApp(page, stage);
  const file = stage.path('watched.bin');
  await writeMixedFile(file, 6 * 2 ** 20);
  await page.getByLabel('Files to upload').setInputFiles(file);
  await openView(page, 'Activity');
  const chunks = page.getByRole('list', { name: 'Latest chunks' }).getByRole('listitem');
  // Those of the file, and the vault's list of files: its stored manifest, a part and the root.
  const chunkCount = 6 + 3;
  await expect(chunks).toHaveCount(chunkCount, { timeout: 60_000 });
  await expect(chunks.first()).toContainText('5 stored');
  // One that stores nothing is none of them.
  const storing = stage.swarm.relays.slice(0, 6).map(({ port }) => `127.0.0.1:${String(port)}`);
  for (const text of await chunks.allTextContents()) {
    expect(storing.filter((name) => text.includes(name))).toHaveLength(5);
  }
  await expect(page.getByText('to all relays together')).toBeVisible();

  const log = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
  await page.getByRole('radio', { name: 'Chunks' }).check();
  await expect(log).toHaveCount(chunkCount);
  await page.getByRole('radio', { name: 'Repair' }).check();
  await expect(page.getByText('Nothing yet.')).toBeVisible();
  await page.getByRole('radio', { name: 'Everything' }).check();
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Go on' })).toBeVisible();
  // The upload went on in another view, and is in the list.
  await openView(page, 'Files');
  await expect(page.getByRole('button', { name: 'Open watched.bin' })).toBeVisible();
});

plain('a private swarm shows itself to whoever has its key', async ({ page }) => {
  plain.setTimeout(120_000);
  const keyText = newSwarmKeyText();
  await using stage = await Stage.set(3, keyText);
  await page.goto(`${stage.proxy.url}/#/activity`);
  await expect(page.getByRole('heading', { name: 'This swarm is private' })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Views' })).toBeHidden();
  await page.getByLabel('Swarm key', { exact: true }).fill(keyText.trim());
  await page.getByRole('button', { name: 'Open the swarm' }).click();
  await expect(page.getByRole('heading', { name: 'Activity', level: 1 })).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await openView(page, 'Network');
  for (const relay of stage.swarm.relays) await expect(rowOf(page, relay)).toContainText('Working');
});
