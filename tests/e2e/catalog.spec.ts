/** The catalog between two people: one publishes, the other finds, plays and keeps, and what is taken back is gone. */
import type { Browser, Page } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { REPO } from '../helpers/programs.ts';
import { expectAccessible } from './axe.ts';
import { chooseAction, expect, openApp, openView, test, uploadAll } from './stage.ts';
import type { Stage } from './stage.ts';

const CLIP = path.join(REPO, 'tests/fixtures/clip.webm');
const HOSTILE = '<img src=x onerror="document.title=1">.txt';

async function stranger(browser: Browser, stage: Stage): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await openApp(page, stage);
  await openView(page, 'Catalog');
  return page;
}

const entry = (page: Page, name: string) => page.getByRole('button', { name: `Open ${name}`, exact: true });

test('a file is published, found and played by somebody else, kept, taken out, and gone when it is deleted', async ({
  page,
  browser,
  stage,
}) => {
  test.slow();
  await writeFile(stage.path(HOSTILE), 'hello\n');
  await openApp(page, stage);
  const other = await stranger(browser, stage);
  await expect(other.getByRole('heading', { name: 'Nothing is published here yet' })).toBeVisible();
  await expectAccessible(other);

  await uploadAll(page, [CLIP, stage.path(HOSTILE)]);
  await chooseAction(page, 'clip.webm', 'Publish…');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Everybody on this network will be able to read it');
  await expectAccessible(page);
  await dialog.getByLabel('Name in the catalog').fill('Holiday film.webm');
  await dialog.getByRole('button', { name: 'Publish', exact: true }).click();
  await expect(dialog).toHaveCount(0, { timeout: 30_000 });

  // The other one by keyboard alone, from the catalog.
  await openView(page, 'Catalog');
  await expect(entry(page, 'Holiday film.webm')).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Publish a file' }).focus();
  await page.keyboard.press('Enter');
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'img src' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Name in the catalog').focus();
  await page.keyboard.press('Enter');
  await expect(entry(page, HOSTILE)).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);

  // It appears without being asked for; a name is text.
  await expect(entry(other, HOSTILE)).toBeVisible({ timeout: 40_000 });
  expect(await other.title()).toBe('Catalog · Lanvault');
  await other.getByLabel('Search the catalog').fill('hoLIday');
  await expect(entry(other, HOSTILE)).toHaveCount(0);
  await expect(other.getByRole('status').filter({ hasText: '1 file' })).toBeVisible();
  await entry(other, 'Holiday film.webm').click();
  const look = other.getByRole('dialog', { name: 'From the catalog' });
  await expect(look).toContainText('clip.webm', { timeout: 30_000 });
  await expectAccessible(other);
  await look.getByRole('button', { name: 'Play' }).click();
  const video = other.locator('video');
  await expect(video).toBeVisible();
  await video.evaluate(async (element: HTMLVideoElement) => {
    element.muted = true;
    await element.play();
    while (element.currentTime < 0.3)
      await new Promise((resolve) => element.addEventListener('timeupdate', resolve, { once: true }));
  });
  await other.getByRole('button', { name: 'Close', exact: true }).last().click();
  await look.getByRole('button', { name: 'Add to my files' }).click();
  await expect(look).toContainText('It is among your files.');
  await look.getByRole('button', { name: 'Close' }).click();
  await other.getByLabel('Search the catalog').fill('');

  // Not theirs to take out.
  await expect(entry(other, HOSTILE)).toBeVisible();
  await expect(other.getByRole('button', { name: /^Take out/ })).toHaveCount(0);
  await page.getByRole('button', { name: 'Take out… Holiday film.webm' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Take it out' }).click();
  await expect(entry(page, 'Holiday film.webm')).toHaveCount(0, { timeout: 40_000 });
  await expect(entry(other, 'Holiday film.webm')).toHaveCount(0, { timeout: 40_000 });

  // What is deleted for everybody is not left in the catalog.
  await openView(page, 'Files');
  await chooseAction(page, HOSTILE, 'Delete…');
  await page.getByRole('button', { name: 'Delete for everybody' }).click();
  await expect(other.getByRole('heading', { name: 'Nothing is published here yet' })).toBeVisible({
    timeout: 60_000,
  });
  await openView(other, 'Files');
  await expect(other.getByRole('button', { name: 'Open clip.webm' })).toBeVisible();
  await other.context().close();
});
