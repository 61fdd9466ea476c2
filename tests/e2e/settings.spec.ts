import type { Page } from '@playwright/test';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expectAccessible } from './axe.ts';
import { expect, openApp, openView, test, uploadAll } from './stage.ts';

async function choose(page: Page, group: string, choice: string): Promise<void> {
  await page.getByRole('group', { name: group }).getByRole('radio', { name: choice, exact: true }).check();
}

test('choices last, and an upload obeys them', async ({ page, stage }) => {
  await openApp(page, stage);
  await openView(page, 'Settings');
  await expect(page.getByText(/used, of .* that the browser allows/)).toBeVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1280, height: 800 });

  await choose(page, 'Theme', 'Dark');
  await choose(page, 'Compression', 'Fast');
  await choose(page, 'Copies needed', '5');
  await expect(page.getByText('An upload fails unless 5 relays take every part')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('radio', { name: 'Dark' })).toBeChecked();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.getByRole('radio', { name: 'Fast' })).toBeChecked();
  await expect(page.getByRole('radio', { name: '5' })).toBeChecked();

  // Two relays away leave four: too few for five copies, enough for four.
  const away = stage.swarm.relays.filter((relay) => relay !== stage.webUi).slice(0, 2);
  for (const relay of away) relay.signal('SIGSTOP');
  try {
    await openView(page, 'Files');
    await expect(page.getByRole('button', { name: /^Swarm: 4 relays/ })).toBeVisible({ timeout: 60_000 });
    const note = stage.path('note.txt');
    await writeFile(note, 'five copies or none\n');
    await page.getByLabel('Files to upload').setInputFiles(note);
    await expect(page.getByText(/5 are asked for/)).toBeVisible({ timeout: 60_000 });
    await openView(page, 'Settings');
    await choose(page, 'Copies needed', '4');
    await openView(page, 'Files');
    await page
      .getByRole('button', { name: /^Resume/ })
      .first()
      .click();
    await expect(page.getByRole('button', { name: 'Open note.txt' })).toBeVisible({ timeout: 60_000 });
  } finally {
    for (const relay of away) relay.signal('SIGCONT');
  }
});

test('all manifests go out in one file, this browser is wiped in all tabs, and the file brings everything back', async ({
  page,
  context,
  stage,
}) => {
  const notes = ['one.txt', 'two.txt'].map((name) => stage.path(name));
  for (const note of notes) await writeFile(note, `this is ${path.basename(note)}\n`);
  await openApp(page, stage);
  await uploadAll(page, notes);
  const other = await context.newPage();
  await other.goto(stage.proxy.url);
  await expect(other.getByRole('button', { name: 'Open one.txt' })).toBeVisible();

  await openView(page, 'Settings');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export all' }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toMatch(/^lanvault \d{4}-\d\d-\d\d\.manifests$/);
  const file = stage.path('all.manifests');
  await saved.saveAs(file);
  expect((await readFile(file, 'utf8')).split('\u001E')).toHaveLength(3);

  await page.getByRole('button', { name: 'Wipe this browser…' }).click();
  const dialog = page.getByRole('dialog');
  const wipe = dialog.getByRole('button', { name: 'Wipe this browser' });
  await expect(wipe).toBeDisabled();
  await expectAccessible(page);
  await dialog.getByLabel('Type wipe to confirm').fill('wipe');
  await wipe.click();
  for (const tab of [page, other])
    await expect(tab.getByText('Lanvault keeps nothing in this browser any more')).toBeVisible();
  const left = await page.evaluate(async () => ({
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    settings: localStorage.length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  expect(left).toEqual({ databases: [], caches: [], settings: 0, workers: 0 });
  await other.close();

  await page.getByRole('button', { name: 'Start anew' }).click();
  await expect(page.getByRole('button', { name: 'Upload files' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Open one.txt' })).toBeHidden();
  await openView(page, 'Settings');
  await page.getByLabel('Exported manifests to import').setInputFiles(file);
  await expect(page.getByText('2 manifests imported')).toBeVisible();
  await openView(page, 'Files');
  await page.getByRole('button', { name: 'Open two.txt' }).click();
  await expect(page.getByRole('dialog')).toContainText('this is two.txt');
});
