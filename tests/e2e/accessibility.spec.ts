/** axe on every view of the app, wide and narrow, light and dark; and the main job done without a pointer. */
import type { Page } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import { expectAccessible } from './axe.ts';
import { expect, openApp, test, uploadAll } from './stage.ts';

/** Colours do not depend on the width. */
const LOOKS = [
  { viewport: { width: 1280, height: 800 }, colorSchemes: ['light', 'dark'] },
  { viewport: { width: 390, height: 844 }, colorSchemes: ['dark'] },
] as const;

/** Presses Tab until the focus is where `is` says; fails after a whole round of the page. */
async function tabTo(page: Page, what: string, is: (focused: string) => boolean): Promise<void> {
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent.trim() ?? '';
    });
    if (is(focused)) return;
  }
  throw new Error(`Tab never came to ${what}.`);
}

test('axe finds nothing in any view, light or dark, wide or narrow', async ({ page, stage }) => {
  test.setTimeout(240_000);
  await openApp(page, stage);
  await expectAccessible(page);
  const note = stage.path('note.txt');
  await writeFile(note, 'remember the milk\n');
  await uploadAll(page, [note]);
  const views = await page.getByRole('navigation', { name: 'Views' }).getByRole('link').allInnerTexts();
  expect(views.length).toBeGreaterThan(2);
  for (const { viewport, colorSchemes } of LOOKS) {
    await page.setViewportSize(viewport);
    for (const view of views) {
      const link = page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view.trim() });
      await link.click();
      await expect(link).toHaveAttribute('aria-current', 'page');
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await test.step(`${view.trim()}, ${String(viewport.width)} wide`, async () => {
        await expectAccessible(page, colorSchemes);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
          viewport.width,
        );
      });
    }
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Files' }).click();
    await page.getByRole('button', { name: 'Open note.txt' }).click();
    await expect(page.getByRole('dialog')).toContainText('remember the milk');
    await expectAccessible(page, colorSchemes);
    await page.keyboard.press('Escape');
  }
});

test('upload, open, share, visit a view and delete by keyboard alone', async ({ page, stage }) => {
  // As in a browser without it: Playwright cannot answer this dialog.
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showOpenFilePicker'));
  await openApp(page, stage);
  const name = 'keys only.txt';
  await writeFile(stage.path(name), 'no mouse was here\n');
  // Listened for early: a chooser that opens before the browser has been told to pass it on is nobody's.
  const chooser = page.waitForEvent('filechooser');
  await tabTo(page, 'Upload files', (focused) => focused === 'Upload files');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(stage.path(name));
  await expect(page.getByRole('button', { name: `Open ${name}` })).toBeVisible({ timeout: 60_000 });

  await tabTo(page, 'the file', (focused) => focused === `Open ${name}`);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toContainText('no mouse was here');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await tabTo(page, 'the menu', (focused) => focused === `More actions for ${name}`);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: `Share… ${name}` })).toBeVisible();
  await page.keyboard.press('ArrowDown');
  while (
    !(await page
      .getByRole('menuitem', { name: `Share… ${name}` })
      .evaluate((item) => item === document.activeElement))
  )
    await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('img', { name: 'QR code of the link' })).toBeVisible({ timeout: 30_000 });
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await tabTo(page, 'the Network view', (focused) => focused === 'Network');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Network' })).toBeVisible();
  await page.goBack();

  await tabTo(page, 'the menu', (focused) => focused === `More actions for ${name}`);
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  while (
    !(await page
      .getByRole('menuitem', { name: /^Delete/ })
      .evaluate((item) => item === document.activeElement))
  )
    await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await tabTo(page, 'the answer', (focused) => /^Delete/.test(focused));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: `Open ${name}` })).toHaveCount(0, { timeout: 30_000 });
});
