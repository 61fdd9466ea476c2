/** Names and contents made to run or to break the page: they do neither. */
import type { Page } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import { expectAccessible } from './axe.ts';
import { expect, openApp, test } from './stage.ts';

const MARK = 'globalThis.ran = true';
const LONGEST = `${'long name '.repeat(25)}1.txt`;
const NAMES = [
  `<img src=x onerror="${MARK}">.txt`,
  // Shown as `photo exe.jpg` where the mark is obeyed.
  'photo \u202egpj.exe',
  LONGEST,
  `${'w'.repeat(251)}.txt`,
  '👩‍👩‍👧 family 🏔️.txt',
  'שלום עולם.txt',
];
const FOLDER = `<script>${MARK}<`;

const CONTENTS = {
  'evil.svg': `<svg xmlns="http://www.w3.org/2000/svg" onload="${MARK}"><script>${MARK}; alert(1)</script></svg>`,
  'evil.html': `<!doctype html><title>owned</title><script>${MARK}; alert(1)</script><img src=x onerror="${MARK}">`,
};

async function expectNoOverflow(page: Page): Promise<void> {
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth: inner, clientWidth: outer } = document.documentElement;
    return { scrollWidth: inner, clientWidth: outer };
  });
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
}

test('hostile names and contents neither run nor break the layout', async ({ page, context, stage }) => {
  expect(Buffer.byteLength(LONGEST)).toBe(255);
  const alarms: string[] = [];
  page.on('dialog', (dialog) => {
    alarms.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) alarms.push(message.text());
  });

  await openApp(page, stage);
  const dir = stage.path(FOLDER);
  await mkdir(dir, { recursive: true });
  for (const name of NAMES) await writeFile(`${dir}/${name}`, 'harmless\n');
  await page.getByLabel('Folder to upload').setInputFiles(dir);
  const folder = page.getByRole('button', { name: `Open ${FOLDER}`, exact: true });
  const row = page.getByRole('row').filter({ has: folder });
  await expect(row).toContainText(`${NAMES.length} files`, { timeout: 60_000 });
  for (const [name, content] of Object.entries(CONTENTS)) await writeFile(stage.path(name), content);
  await page
    .getByLabel('Files to upload')
    .setInputFiles(Object.keys(CONTENTS).map((name) => stage.path(name)));
  const streams: string[] = [];
  page.on('response', (response) => {
    if (response.url().includes('/stream/')) streams.push(response.url());
  });
  for (const [name, content] of Object.entries(CONTENTS)) {
    await page.getByRole('button', { name: `Open ${name}` }).click({ timeout: 60_000 });
    // Its source, as text.
    await expect(page.getByRole('dialog')).toContainText(content.slice(0, 40));
    await page.getByRole('button', { name: 'Close' }).click();
  }

  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ]) {
    await page.setViewportSize(viewport);
    await expectNoOverflow(page);
    await folder.click();
    await expect(page.getByRole('grid').getByRole('row')).toHaveCount(NAMES.length + 1);
    await expectNoOverflow(page);
    // The mark that turns text round is shown, not obeyed.
    await expect(page.getByRole('button', { name: 'Open photo \ufffdgpj.exe' })).toBeVisible();
    await page.getByRole('button', { name: `More actions for ${LONGEST}` }).click();
    await page.getByRole('menuitem', { name: /^Details…/ }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectNoOverflow(page);
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox', { name: 'Search files' }).fill('img');
    await expect(page.getByRole('grid').getByRole('row')).toHaveCount(2);
    await expectNoOverflow(page);
    await page.getByRole('searchbox', { name: 'Search files' }).fill('');
    await page.goBack();
  }
  await expectAccessible(page);

  // The very files, opened as pages.
  expect(streams.length).toBeGreaterThanOrEqual(2);
  const other = await context.newPage();
  other.on('dialog', (dialog) => {
    alarms.push(`dialog of a stream: ${dialog.message()}`);
    void dialog.dismiss();
  });
  for (const url of new Set(streams)) {
    const response = await other.goto(url);
    expect(response?.headers()['content-type']).toBe('text/plain; charset=utf-8');
    expect(await other.evaluate(() => 'ran' in globalThis)).toBe(false);
    expect(await other.title()).not.toBe('owned');
  }
  expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false);
  expect(alarms).toEqual([]);
});
