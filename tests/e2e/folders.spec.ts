/** Folders and the list: made, filled, opened, moved, renamed, searched and deleted; by pointer and by keyboard alone. */
import type { Locator, Page } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import { writeMixedFile } from '../helpers/files.ts';
import { expectAccessible } from './axe.ts';
import { chooseAction, expect, openApp, test, uploadAll } from './stage.ts';
import type { Stage } from './stage.ts';

const open = (page: Page, name: string): Locator =>
  page.getByRole('button', { name: `Open ${name}`, exact: true });

async function makeTrip(stage: Stage): Promise<string> {
  const trip = stage.path('trip');
  await mkdir(`${trip}/2026`, { recursive: true });
  await writeFile(`${trip}/plan.txt`, 'by train\n');
  await writeFile(`${trip}/2026/hill.txt`, 'steep\n');
  return trip;
}

test('folders are dropped, made, opened, moved, renamed, searched and deleted', async ({ page, stage }) => {
  await openApp(page, stage);
  await page.getByLabel('Folder to upload').setInputFiles(await makeTrip(stage));
  await expect(page.getByRole('row').filter({ has: open(page, 'trip') })).toContainText('2 files', {
    timeout: 60_000,
  });

  // In, and out by the browser's own button.
  await open(page, 'trip').click();
  await expect(page.getByRole('heading', { level: 1, name: 'trip' })).toBeVisible();
  await open(page, '2026').click();
  await expect(open(page, 'hill.txt')).toBeVisible();
  expect(new URL(page.url()).hash).toBe('#/files/trip/2026');
  await page.goBack();
  await expect(open(page, 'plan.txt')).toBeVisible();
  await page.getByRole('navigation', { name: 'Folders around this one' }).getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Files' })).toBeVisible();

  // A new one, with a name that is free.
  await page.getByRole('button', { name: 'New folder' }).click();
  const name = page.getByRole('textbox', { name: 'Name' });
  await name.fill('trip');
  await page.getByRole('button', { name: 'Create folder' }).click();
  await expect(page.getByRole('dialog')).toContainText('of this name already');
  await expectAccessible(page);
  await name.fill('Papers');
  await page.getByRole('button', { name: 'Create folder' }).click();
  await open(page, 'Papers').click();
  await expect(page.getByText('This folder is empty')).toBeVisible();

  // Uploads go where one is.
  const note = stage.path('note.txt');
  await writeFile(note, 'remember the milk\n');
  await uploadAll(page, [note]);
  await page.getByRole('navigation', { name: 'Folders around this one' }).getByRole('link').click();
  await expect(open(page, 'note.txt')).toHaveCount(0);
  await expect(page.getByRole('row').filter({ has: open(page, 'Papers') })).toContainText('1 file');

  // Dragged onto a folder; found from anywhere.
  await page
    .getByRole('row')
    .filter({ has: open(page, 'trip') })
    .dragTo(page.getByRole('row').filter({ has: open(page, 'Papers') }));
  await expect(open(page, 'trip')).toHaveCount(0);
  await page.getByRole('searchbox', { name: 'Search files' }).fill('HILL');
  await expect(page.getByRole('row').filter({ has: open(page, 'hill.txt') })).toContainText(
    'Papers/trip/2026/',
  );
  await page.getByRole('searchbox', { name: 'Search files' }).fill('');

  // All of it is there after a reload; renamed, and moved back by the dialog, with what is beside it.
  await open(page, 'Papers').click();
  await page.reload();
  await chooseAction(page, 'trip', 'Rename…');
  await page.getByRole('textbox', { name: 'Name' }).fill('Journey');
  await page.keyboard.press('Enter');
  await expect(open(page, 'Journey')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  const selected = page.getByRole('group', { name: 'Selected files' });
  await expect(selected).toContainText('2 selected');
  await selected.getByRole('button', { name: 'Move…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: 'Papers/Journey', exact: true })).toBeDisabled();
  await expectAccessible(page);
  await dialog.getByRole('radio', { name: 'Files (top)' }).check({ force: true });
  await dialog.getByRole('button', { name: 'Move here' }).click();
  await expect(page.getByText('This folder is empty')).toBeVisible();
  await page.goto(`${stage.proxy.url}/#/files`);
  await expect(open(page, 'note.txt')).toBeVisible();

  // With a folder goes all that is in it.
  await chooseAction(page, 'Journey', 'Delete…');
  await expect(dialog).toContainText('2 files in all');
  await dialog.getByRole('button', { name: 'Delete for everybody' }).click();
  await expect(open(page, 'Journey')).toHaveCount(0, { timeout: 30_000 });
  await page.getByRole('searchbox', { name: 'Search files' }).fill('txt');
  await expect(page.getByRole('button', { name: /^Open .*txt$/ })).toHaveCount(1);
});

test('the list by keyboard alone, and the details of a file', async ({ page, stage }) => {
  await openApp(page, stage);
  const names = ['one.txt', 'two.txt', 'three.txt'];
  for (const name of names) await writeFile(stage.path(name), name);
  await writeMixedFile(stage.path('parts.bin'), 2_500_000);
  await uploadAll(
    page,
    [...names, 'parts.bin'].map((name) => stage.path(name)),
  );
  await page.getByRole('button', { name: 'Name', exact: true }).click();
  const rows = page
    .getByRole('grid', { name: 'Files' })
    .getByRole('row')
    .filter({ has: page.getByRole('checkbox', { name: /^Select (?!all)/ }) });
  await expect(rows).toHaveCount(4);

  // One tab stop for the list, arrows within it.
  await open(page, 'one.txt').focus();
  await page.keyboard.press('ArrowDown');
  await expect(open(page, 'parts.bin')).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('button', { name: 'Download parts.bin' })).toBeFocused();
  await page.keyboard.press('Home');
  await expect(page.getByRole('button', { name: 'Download one.txt' })).toBeFocused();
  expect(
    await page
      .getByRole('button', { name: 'Download parts.bin' })
      .evaluate((button: HTMLElement) => button.tabIndex),
  ).toBe(-1);

  await open(page, 'one.txt').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  const selected = page.getByRole('group', { name: 'Selected files' });
  await expect(selected).toContainText('3 selected');
  await page.keyboard.press('Control+a');
  await expect(selected).toContainText('4 selected');
  await page.keyboard.press('Escape');
  await expect(selected).toHaveCount(0);

  await open(page, 'two.txt').focus();
  await page.keyboard.press('F2');
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await page.keyboard.type('second');
  await page.keyboard.press('Enter');
  await expect(open(page, 'second.txt')).toBeVisible();

  await open(page, 'one.txt').focus();
  await page.keyboard.press('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for everybody' }).press('Enter');
  await expect(open(page, 'one.txt')).toHaveCount(0, { timeout: 30_000 });

  await chooseAction(page, 'parts.bin', 'Details…');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('heading', { name: '3 parts' })).toBeVisible();
  await expect(dialog.getByRole('row')).toHaveCount(4);
  await dialog.getByRole('button', { name: 'Check now parts.bin' }).click();
  await expect(dialog).toContainText('Survives any 4 relays', { timeout: 30_000 });
  await expectAccessible(page);
});

test('many are downloaded, and their manifests saved, at one press each', async ({ page, stage }) => {
  await openApp(page, stage);
  const names = ['a.txt', 'b.txt', 'c.txt'];
  for (const name of names) await writeFile(stage.path(name), `this is ${name}\n`);
  await uploadAll(
    page,
    names.map((name) => stage.path(name)),
  );
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  const saved: string[] = [];
  page.on('download', (download) => saved.push(download.suggestedFilename()));
  const selected = page.getByRole('group', { name: 'Selected files' });
  await selected.getByRole('button', { name: 'Download' }).click();
  await expect.poll(() => saved.toSorted()).toEqual(names);
  saved.length = 0;
  await selected.getByRole('button', { name: 'Export manifests' }).click();
  await expect.poll(() => saved.toSorted()).toEqual(names.map((name) => `${name}.manifest`));
});
