import type { Browser, Page } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { expectAccessible } from './axe.ts';
import { chooseAction, expect, openApp, openView, test } from './stage.ts';
import type { Stage } from './stage.ts';

/** Devices ask each other four times a minute. */
const IN_STEP_MS = 45_000;

const WORDS = 24;

async function freshProfile(browser: Browser, stage: Stage): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await openApp(page, stage);
  return page;
}

async function uploadFolder(page: Page, folder: string, ...names: readonly string[]): Promise<void> {
  // Uploads go into the open folder.
  await openView(page, 'Files');
  await page.getByLabel('Folder to upload').setInputFiles(folder);
  for (const name of names) await expectListed(page, name, 90_000);
}

/** Goes to the file's folder, and waits until the file is in it. */
async function expectListed(page: Page, path: string, timeoutMs = IN_STEP_MS): Promise<void> {
  const slash = path.lastIndexOf('/');
  const folder = path.slice(0, Math.max(0, slash)).split('/').map(encodeURIComponent).join('/');
  await page.evaluate(
    (hash) => {
      location.hash = hash;
    },
    folder === '' ? '#/files' : `#/files/${folder}`,
  );
  await expect(page.getByRole('button', { name: `Open ${path.slice(slash + 1)}`, exact: true })).toBeVisible({
    timeout: timeoutMs,
  });
}

async function rename(page: Page, name: string, newName: string): Promise<void> {
  await chooseAction(page, name, 'Rename…');
  await page.getByRole('textbox', { name: 'Name' }).fill(newName);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);
}

async function newFolder(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('button', { name: 'Create folder' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
}

/** Of all text files, sorted, as the search over all folders shows them. */
async function allPaths(page: Page): Promise<string[]> {
  const search = page.getByRole('searchbox', { name: 'Search files' });
  await search.fill('.txt');
  const shown = await page.getByRole('button', { name: /^Open .*\.txt$/ }).allInnerTexts();
  await search.fill('');
  return shown.map((text) => text.replaceAll(/\s*\n\s*/g, '')).sort();
}

/** From the dialog that shows them. */
async function readWords(page: Page): Promise<string[]> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Show the words' }).click();
  const items = dialog.getByRole('listitem');
  await expect(items).toHaveCount(WORDS);
  return (await items.allInnerTexts()).map((text) => text.replace(/^\d+\s*/, ''));
}

async function restore(page: Page, words: readonly string[]): Promise<void> {
  await openView(page, 'Settings');
  await page.getByRole('button', { name: 'Use my words…' }).click();
  await page.getByLabel('Type the 24 words').fill(words.join(' '));
  await page.getByRole('button', { name: 'Bring them back' }).click();
  await expect(page.getByRole('dialog')).toContainText('in your list', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Done' }).click();
}

/** Until everything that was changed here is on the relays. */
async function expectPublished(page: Page): Promise<void> {
  await openView(page, 'Settings');
  await expect(page.getByRole('region', { name: 'Your vault' })).toContainText(/in step|safe on the relays/, {
    timeout: 60_000,
  });
}

test('24 words alone bring files and folders into a fresh browser and to the command line', async ({
  page,
  browser,
  stage,
}) => {
  // Three devices, one after the other.
  test.setTimeout(180_000);
  await mkdir(stage.path('Photos/2026'), { recursive: true });
  await writeMixedFile(stage.path('Photos/2026/beach.bin'), 2_500_000);
  await writeFile(stage.path('Photos/notes.txt'), 'remember the milk\n');
  await openApp(page, stage);
  await uploadFolder(page, stage.path('Photos'), 'Photos/2026/beach.bin', 'Photos/notes.txt');

  // The first upload asks for the words, once.
  const reminder = page.getByRole('status').filter({ hasText: 'Write down your 24 words' });
  await expect(reminder).toBeVisible();
  await expectAccessible(page);
  await reminder.getByRole('button', { name: 'Show the words' }).click();
  const words = await readWords(page);
  await expectAccessible(page);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'I have written them down' }).click();
  await expectAccessible(page);
  const inputs = dialog.getByRole('textbox');
  await expect(inputs).toHaveCount(3);
  const labels = await dialog.locator('label').allInnerTexts();
  const asked = labels.map((label) => Number(/\d+/.exec(label)?.[0]));
  for (let i = 0; i < 3; i++)
    await inputs.nth(i).fill(i === 1 ? 'wrong' : (words[(asked[i] ?? 0) - 1] ?? ''));
  await dialog.getByRole('button', { name: 'Check' }).click();
  await expect(dialog.getByRole('alert')).toContainText(`Word ${asked[1]} is another one`);
  await inputs.nth(1).fill(words[(asked[1] ?? 0) - 1] ?? '');
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(reminder).toHaveCount(0);
  await expectPublished(page);
  await expectAccessible(page);

  // The command line is a device of the same vault: it opens what the browser has stored, and the browser what it has.
  await using user = await CliUser.create();
  const entry = ['--entry-node', stage.webUi.url];
  const { code, stderr } = await user.runWithInput(words.join('\n'), 'vault', 'restore', ...entry);
  expect(code, stderr).toBe(0);
  const listed = await user.run('list', '--json');
  const { files } = JSON.parse(listed.stdout) as { files: { path: string }[] };
  expect(files.map(({ path }) => path)).toEqual(['Photos/2026/beach.bin', 'Photos/notes.txt']);
  const read = await user.run('reconstruct', 'Photos/2026/beach.bin', 'beach.bin', ...entry);
  expect(read.code, read.stderr).toBe(0);
  expect(await sha256OfFile(user.path('beach.bin'))).toBe(
    await sha256OfFile(stage.path('Photos/2026/beach.bin')),
  );
  await writeFile(user.path('shell.txt'), 'greetings from the shell\n');
  const stored = await user.run('distribute', 'shell.txt', '--name', 'Photos/shell.txt', ...entry);
  expect(stored.code, stored.stderr).toBe(0);
  const told = await user.run('vault', 'phrase', '--yes');
  expect(told.stdout.trim().split(/\s+/)).toEqual(words);

  const other = await freshProfile(browser, stage);
  await openView(other, 'Settings');
  await other.getByRole('button', { name: 'Use my words…' }).click();
  const typed = other.getByLabel('Type the 24 words');
  await typed.fill(`${words.slice(0, 22).join(' ')} notaword ${words[23]?.slice(0, 3)}`);
  await expect(other.getByRole('dialog')).toContainText('Word 23: no such word');
  await expect(
    other
      .getByRole('group', { name: 'Words that fit' })
      .getByRole('button', { name: words[23] ?? '', exact: true }),
  ).toBeVisible();
  await expectAccessible(other);
  const swapped = [...words.slice(2), ...words.slice(0, 2)];
  await typed.fill(swapped.join(' '));
  await other.getByRole('button', { name: 'Bring them back' }).click();
  await expect(other.getByRole('alert')).toContainText(/do not belong together|No relay here knows/);
  await other.getByRole('button', { name: 'Cancel' }).click();
  await restore(other, told.stdout.trim().split(/\s+/));
  await openView(other, 'Files');
  await expectListed(other, 'Photos/2026/beach.bin');
  await expectListed(other, 'Photos/notes.txt');
  await other.getByRole('button', { name: 'Open shell.txt' }).click();
  await expect(other.getByRole('dialog')).toContainText('greetings from the shell');
  await other.keyboard.press('Escape');
  await expect(other.getByRole('dialog')).toHaveCount(0);
  await expectListed(other, 'Photos/2026/beach.bin');
  const started = other.waitForEvent('download');
  await other.getByRole('button', { name: 'Download beach.bin' }).click();
  const download = await started;
  expect(download.suggestedFilename()).toBe('beach.bin');
  await download.saveAs(stage.path('beach again.bin'));
  expect(await sha256OfFile(stage.path('beach again.bin'))).toBe(
    await sha256OfFile(stage.path('Photos/2026/beach.bin')),
  );
  await expectListed(other, 'Photos/notes.txt');
  await other.getByRole('button', { name: 'Open notes.txt' }).click();
  await expect(other.getByRole('dialog')).toContainText('remember the milk');
  await other.context().close();
});

test('two browsers of one vault change it at the same time, and both end with all of it', async ({
  page,
  browser,
  stage,
}) => {
  for (const [folder, name] of [
    ['one/Trip', 'a.txt'],
    ['two/Trip', 'b.txt'],
    ['one/Only one', 'c.txt'],
    ['two/Only two', 'd.txt'],
  ] as const) {
    await mkdir(stage.path(folder), { recursive: true });
    await writeFile(stage.path(`${folder}/${name}`), `${name}\n`);
  }
  await writeFile(stage.path('first.txt'), 'first\n');
  await openApp(page, stage);
  await page.getByLabel('Files to upload').setInputFiles(stage.path('first.txt'));
  await expectListed(page, 'first.txt', 60_000);
  await expectPublished(page);
  await page.getByRole('button', { name: 'Show my words…' }).click();
  const words = await readWords(page);
  await page.keyboard.press('Escape');
  await openView(page, 'Files');
  const other = await freshProfile(browser, stage);
  await restore(other, words);
  await openView(other, 'Files');
  await expectListed(other, 'first.txt');

  await Promise.all([
    uploadFolder(page, stage.path('one/Trip'), 'Trip/a.txt'),
    uploadFolder(other, stage.path('two/Trip'), 'Trip/b.txt'),
  ]);
  await Promise.all([
    uploadFolder(page, stage.path('one/Only one'), 'Only one/c.txt'),
    uploadFolder(other, stage.path('two/Only two'), 'Only two/d.txt'),
  ]);
  for (const each of [page, other]) {
    for (const path of ['Trip/a.txt', 'Trip/b.txt', 'Only one/c.txt', 'Only two/d.txt', 'first.txt'])
      await expectListed(each, path);
    await openView(each, 'Files');
  }

  // Folders change on both sides at once; the one that both rename has one of the two names in the end, on both.
  await Promise.all([
    rename(page, 'Trip', 'Journey').then(() => rename(page, 'Only one', 'Only first')),
    rename(other, 'Trip', 'Voyage').then(() => newFolder(other, 'Ideas')),
  ]);
  const names = (paths: readonly string[]): string[] => paths.map((file) => path.basename(file)).sort();
  const agree = async (): Promise<boolean> => {
    const [here, there] = [await allPaths(page), await allPaths(other)];
    return here.join() === there.join() && here.includes('Only first/c.txt');
  };
  await expect.poll(agree, { timeout: IN_STEP_MS }).toBe(true);
  expect(names(await allPaths(page))).toEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt', 'first.txt']);
  for (const each of [page, other])
    await expect(each.getByRole('button', { name: 'Open Ideas', exact: true })).toBeVisible({
      timeout: IN_STEP_MS,
    });

  // What one of them takes out is gone for both, and from the relays.
  await chooseAction(page, 'first.txt', 'Delete…');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for everybody' }).click();
  await expect(other.getByRole('button', { name: 'Open first.txt' })).toHaveCount(0, { timeout: IN_STEP_MS });
  await other.context().close();
});
