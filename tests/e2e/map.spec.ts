/** Where a file lies, on real relays: the map says it, says what a loss would mean, and follows a real one until repair has mended it. */
import type { Locator, Page } from '@playwright/test';
import { test } from '@playwright/test';
import { writeMixedFile } from '../helpers/files.ts';
import { expectAccessible } from './axe.ts';
import { Stage, chooseAction, expect, openApp, uploadAll } from './stage.ts';

const PARTS = 6;

const rowOf = (page: Page, name: string): Locator =>
  page
    .getByRole('table', { name: 'Where the file lies' })
    .getByRole('row')
    .filter({ has: page.getByRole('cell', { name }) });
const whatIf = (page: Page): Locator => page.getByRole('region', { name: 'What if' });
const summary = (page: Page): Locator => page.getByRole('region', { name: 'How safe the file is now' });

test('a file’s map: its parts, what a loss would mean, a relay killed and what repair made of it', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await using stage = await Stage.set(7, undefined, { relayArgs: ['--repair-grace', '2s'] });
  await openApp(page, stage);
  const file = stage.path('film.bin');
  await writeMixedFile(file, PARTS * 2 ** 20);
  await uploadAll(page, [file]);

  await test.step('the list says how safe it is, asked now', async () => {
    await page.getByRole('button', { name: '5 of 5 copies' }).click();
    await page.getByRole('button', { name: 'Check now film.bin' }).click();
    await expect(page.getByText('Checked just now.')).toBeVisible();
    await expect(page.getByText('Survives any 4 relays failing, but not any machine')).toBeVisible();
    await page.keyboard.press('Escape');
  });

  await chooseAction(page, 'film.bin', 'Where is it?');
  await expect(page.getByRole('heading', { name: 'Distribution map', level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/#\/map\/[0-9a-f]{64}$/);
  await expect(summary(page)).toContainText('Survives any 4 relays failing');
  await expect(page.getByLabel('Parts by their copies')).toHaveText(`${PARTS} with 5 or more copies`);
  await expect(page.getByRole('button', { name: 'Relays of 127.0.0.1' })).toHaveAttribute(
    'aria-expanded',
    'true',
  );

  await test.step('a loss is tried by keyboard, of a machine and of a relay', async () => {
    const machine = page.getByRole('checkbox', { name: 'What if machine 127.0.0.1 were lost?' });
    await machine.focus();
    await page.keyboard.press('Space');
    await expect(whatIf(page)).toContainText(`${PARTS} parts of ${PARTS} would be lost`);
    await page.getByRole('button', { name: 'Bring all back' }).click();
    await expect(machine).not.toBeChecked();
    await page
      .getByRole('checkbox', { name: /^What if 127\.0\.0\.1:\d+ were lost\?$/ })
      .first()
      .focus();
    await page.keyboard.press('Space');
    await expect(whatIf(page)).toContainText('Without 1 relay');
    await expect(whatIf(page)).toContainText('The file could still be read');
    await page.keyboard.press('Space');
    await expect(whatIf(page)).toContainText('What if one fails?');
  });

  await test.step('a part’s holders are found by keyboard', async () => {
    await page.getByRole('slider', { name: 'Find a part' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect(page.getByText(`Part 2 of ${PARTS}: 5 relays`)).toBeVisible();
    await expect(page.getByText('has the chosen part')).toHaveCount(5);
    await page.getByRole('button', { name: 'Choose no part' }).click();
    await expect(page.getByText('has the chosen part')).toHaveCount(0);
  });

  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    await expectAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
  await page.setViewportSize({ width: 1280, height: 800 });

  await test.step('a relay that is killed leaves the map, and the others restore what it held', async () => {
    const names = await page.getByRole('cell', { name: /^127\.0\.0\.1:\d+$/ }).allInnerTexts();
    const victim = stage.swarm.relays.find(({ port }) => names.includes(`127.0.0.1:${String(port)}`));
    if (victim === undefined) throw new Error('nobody holds anything');
    const name = `127.0.0.1:${String(victim.port)}`;
    await victim.kill('SIGKILL');
    await expect(rowOf(page, name)).toContainText('Gone', { timeout: 60_000 });
    await expect(rowOf(page, name)).toContainText(/had [1-6]/);
    await expect(summary(page)).toContainText('Safe', { timeout: 120_000 });
    await expect(page.getByLabel('Parts by their copies')).toHaveText(`${PARTS} with 5 or more copies`);
  });

  await test.step('the address is the map: it can be reloaded, and a file that is not there says so', async () => {
    await page.reload();
    await expect(summary(page)).toContainText('Survives any 4 relays failing');
    await page.goto(`${stage.proxy.url}/#/map/${'0'.repeat(64)}`);
    await expect(page.getByText('That file is not among your files')).toBeVisible();
    await page.getByRole('combobox', { name: 'File' }).selectOption('film.bin');
    await expect(summary(page)).toContainText('Survives any 4 relays failing');
  });
});
