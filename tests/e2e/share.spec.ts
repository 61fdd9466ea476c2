import type { Browser, Page } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import decodeQr from 'qr/decode.js';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { REPO } from '../helpers/programs.ts';
import { expectAccessible } from './axe.ts';
import { chooseAction, expect, openApp, test, uploadAll } from './stage.ts';
import type { Stage } from './stage.ts';

const CLIP = path.join(REPO, 'tests/fixtures/clip.webm');
/** How a link looks with its key: what may stand nowhere but in a fragment. */
const KEY = /[.#]([\w-]{43})$/;

interface Links {
  readonly web: string;
  readonly plain: string;
}

async function openShareDialog(page: Page, name: string): Promise<Links> {
  await chooseAction(page, name, 'Share…');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('img', { name: 'QR code of the link' })).toBeVisible({ timeout: 30_000 });
  return {
    web: await dialog.getByLabel('Link for a browser', { exact: true }).inputValue(),
    plain: await dialog.getByLabel('Link for Lanvault and the command line', { exact: true }).inputValue(),
  };
}

async function share(page: Page, name: string): Promise<Links> {
  const links = await openShareDialog(page, name);
  await page.getByRole('button', { name: 'Done' }).click();
  return links;
}

/** Another person's browser. */
async function stranger(browser: Browser): Promise<Page> {
  return (await browser.newContext()).newPage();
}

async function saveFromDialog(page: Page, stage: Stage, name: string): Promise<string> {
  const started = page.waitForEvent('download');
  await page.getByRole('dialog').getByRole('button', { name: 'Download' }).click();
  const target = stage.path(`shared ${name}`);
  await (await started).saveAs(target);
  return target;
}

test('a link plays a video and gives its very bytes in a browser that has nothing', async ({
  page,
  browser,
  stage,
}) => {
  await openApp(page, stage);
  await uploadAll(page, [CLIP]);
  const { web } = await share(page, 'clip.webm');
  expect(web.startsWith(`${stage.proxy.url}/#/open/`)).toBe(true);
  // A second time it is the same: nothing more is stored.
  expect((await share(page, 'clip.webm')).web).toBe(web);

  const other = await stranger(browser);
  const requested: string[] = [];
  other.on('request', (request) => {
    requested.push(request.url(), request.headers()['referer'] ?? '');
  });
  await other.goto(web);
  const dialog = other.getByRole('dialog');
  await expect(dialog).toContainText('clip.webm', { timeout: 30_000 });
  await expect(dialog).toContainText('Survives any 4 relays');
  const key = KEY.exec(web)?.[1] ?? 'no key';
  expect(key).toHaveLength(43);
  expect(other.url()).not.toContain(key);
  expect(requested.filter((text) => text.includes(key))).toEqual([]);
  await other.waitForFunction(() => navigator.serviceWorker.controller !== null);

  await dialog.getByRole('button', { name: 'Play' }).click();
  const video = other.locator('video');
  await expect(video).toBeVisible();
  const playedTo = await video.evaluate(async (element: HTMLVideoElement) => {
    element.muted = true;
    await element.play();
    while (element.currentTime < 0.5)
      await new Promise((resolve) => element.addEventListener('timeupdate', resolve, { once: true }));
    return element.currentTime;
  });
  expect(playedTo).toBeGreaterThanOrEqual(0.5);
  await other.getByRole('button', { name: 'Close', exact: true }).last().click();
  await expect(video).toHaveCount(0);

  const copy = await saveFromDialog(other, stage, 'clip.webm');
  expect(await sha256OfFile(copy)).toBe(await sha256OfFile(CLIP));
  // It was only looked at.
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(other.getByRole('button', { name: 'Open clip.webm' })).toHaveCount(0);
  await other.context().close();
});

test('a pasted link is added to my files, and is there after a reload', async ({ page, browser, stage }) => {
  const name = 'shared notes.bin';
  await writeMixedFile(stage.path(name), 2_500_000);
  await openApp(page, stage);
  await uploadAll(page, [stage.path(name)]);
  const { plain } = await share(page, name);

  const other = await stranger(browser);
  await openApp(other, stage);
  await other.getByRole('button', { name: 'Open link' }).click();
  await expectAccessible(other);
  await other.getByLabel('Paste a link').fill(`  ${plain}\n`);
  await other.keyboard.press('Enter');
  const dialog = other.getByRole('dialog');
  await expect(dialog).toContainText(name, { timeout: 30_000 });
  await expect(dialog).toContainText('Survives any 4 relays');
  await expectAccessible(other);
  await dialog.getByRole('button', { name: 'Add to my files' }).click();
  await expect(dialog).toContainText('It is among your files.');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await other.reload();
  await expect(other.getByRole('button', { name: `Open ${name}` })).toBeVisible();
  // Not theirs: they may take it off their list, and no more.
  await chooseAction(other, name, 'Remove from list…');
  await expect(other.getByRole('dialog')).toContainText('uploaded by another device');
  await expectAccessible(other);
  await other.getByRole('button', { name: 'Remove from list', exact: true }).click();
  await expect(other.getByRole('button', { name: `Open ${name}` })).toHaveCount(0);
  await other.context().close();
  await expect(page.getByRole('button', { name: `Open ${name}` })).toBeVisible();
});

test('the code is the link, the dialog is accessible, and a link followed in an open page opens', async ({
  page,
  stage,
}) => {
  await writeFile(stage.path('note.txt'), 'remember the milk\n');
  await openApp(page, stage);
  await uploadAll(page, [stage.path('note.txt')]);
  const { web, plain } = await openShareDialog(page, 'note.txt');
  await expectAccessible(page);
  const code = page.getByRole('img', { name: 'QR code of the link' });
  const png = (await code.screenshot({ scale: 'css' })).toString('base64');
  const pixels = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context?.drawImage(image, 0, 0);
    const { width, height, data } = context?.getImageData(0, 0, image.width, image.height) ?? {
      width: 0,
      height: 0,
      data: [],
    };
    return { width, height, data: Array.from(data) };
  }, png);
  // The page is at a loopback address: the form that works elsewhere.
  expect(decodeQr({ ...pixels, data: Uint8Array.from(pixels.data) })).toBe(plain);
  await page.getByRole('button', { name: 'Done' }).click();

  await page.evaluate((link) => (location.hash = new URL(link).hash), web);
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('It is among your files.', { timeout: 30_000 });
  expect(page.url()).toBe(`${stage.proxy.url}/`);
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('dialog').last()).toContainText('remember the milk');
});

test('links that do not open say what to do', async ({ page, stage }) => {
  const unknown = `${'ab'.repeat(32)}.${'A'.repeat(43)}`;
  for (const [fragment, words] of [
    [`#/open/${unknown.slice(0, -5)}`, 'This link is not complete'],
    [`#/open/${unknown}`, 'No relay here can open this link'],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(`${stage.proxy.url}/${fragment}`);
    await expect(page.getByRole('dialog')).toContainText(words, { timeout: 60_000 });
    expect(page.url()).not.toContain('open');
  }
  await expectAccessible(page);
  const dialog = page.getByRole('dialog');
  // Closing one takes none away that comes at that moment.
  await page.evaluate(async () => {
    document.querySelector<HTMLButtonElement>('dialog .actions button')?.click();
    // The page has taken the dialog away, and is yet to be told that it is closed.
    while (document.querySelector('dialog') !== null) await Promise.resolve();
    history.replaceState(null, '', '#/open/another');
    dispatchEvent(new HashChangeEvent('hashchange'));
  });
  await expect(dialog).toContainText('This link is not complete');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toHaveCount(0);
  await page.getByRole('button', { name: 'Open link' }).click();
  await page.getByLabel('Paste a link').fill('https://example.org/');
  await page.getByRole('dialog').getByRole('button', { name: 'Open' }).click();
  await expect(page.getByRole('alert')).toContainText('This is not a Lanvault link');
});

test('an owner’s link and manifest let somebody else delete the file for everybody', async ({
  page,
  browser,
  stage,
}) => {
  test.slow();
  const name = 'joint.bin';
  await writeMixedFile(stage.path(name), 2_500_000);
  await openApp(page, stage);
  await uploadAll(page, [stage.path(name)]);
  const reader = await openShareDialog(page, name);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: 'can read and delete' }).focus();
  await page.keyboard.press('Space');
  await expect(dialog).toContainText('delete it for everybody, you included');
  const field = dialog.getByLabel('Link for Lanvault and the command line', { exact: true });
  await expect(field).toHaveValue(/^lanvault:[0-9a-f]{64}#[\w-]{43}\.[\w-]{43}$/, { timeout: 30_000 });
  await expectAccessible(page);
  const owner = {
    web: await dialog.getByLabel('Link for a browser', { exact: true }).inputValue(),
    plain: await field.inputValue(),
  };
  const started = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Export owner’s manifest' }).click();
  const download = await started;
  expect(download.suggestedFilename()).toBe(`${name}.owner.manifest`);
  const manifest = stage.path(download.suggestedFilename());
  await download.saveAs(manifest);
  await page.getByRole('button', { name: 'Done' }).click();

  const other = await stranger(browser);
  await openApp(other, stage);
  const list = other.getByRole('dialog');
  await other.evaluate((link) => (location.hash = new URL(link).hash), reader.web);
  await expect(list).toContainText(name, { timeout: 30_000 });
  await expect(list.getByRole('button', { name: 'Delete…' })).toHaveCount(0);
  await list.getByRole('button', { name: 'Close' }).click();
  await other.evaluate((link) => (location.hash = new URL(link).hash), owner.web);
  await expect(list).toContainText('This link is an owner’s', { timeout: 30_000 });
  expect(other.url()).not.toContain(owner.plain.slice(-43));
  await expectAccessible(other);
  await list.getByRole('button', { name: 'Close' }).click();

  await other.getByLabel('Manifests to import').setInputFiles(manifest);
  await expect(other.getByRole('button', { name: `Open ${name}` })).toBeVisible();
  await other.reload();
  await chooseAction(other, name, 'Delete…');
  await other.getByRole('button', { name: 'Delete for everybody' }).click();
  const item = other.getByRole('region', { name: 'Deletions' }).getByRole('listitem', { name });
  await expect(item).toContainText('Deleted', { timeout: 60_000 });
  await expect(item).toContainText(/^.*([5-6]) of \1 relays have confirmed/s);
  for (const link of [reader.web, owner.web]) {
    await other.evaluate((text) => (location.hash = new URL(text).hash), link);
    await expect(list).toContainText('No relay here can open this link', { timeout: 60_000 });
    await list.getByRole('button', { name: 'Close' }).click();
  }
  await other.context().close();
});
