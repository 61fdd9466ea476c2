/**
 * `npm run screenshots [-- URL]`: pictures of every view into `docs/images`, wide and narrow, light and dark, of a swarm that runs
 * (`npm start`; default <http://localhost:8888>) with files that this makes and uploads.
 */
import { chromium } from '@playwright/test';
import type { Browser, Page } from '@playwright/test';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CHROMIUM_ARGS, chromiumPath } from '../tests/helpers/chromium.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const IMAGES = path.join(ROOT, 'docs/images');
const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [
    { name: 'wide', viewport: { width: 1280, height: 800 } },
    { name: 'narrow', viewport: { width: 390, height: 844 } },
  ].map((size) => ({ colorScheme, ...size })),
);
/** Of the samples, what everybody on the network may have. */
const PUBLISHED = ['Birthday.webm', 'Budget.csv'];
const MAPPED = 'Backup of the laptop.tar';
const SAMPLES = 8;
const WEBP_QUALITY = 72;
const UPLOAD_TIMEOUT_MS = 180_000;

/** A landscape, drawn by the browser: a photo that is nobody's. */
async function drawPhoto(page: Page, hue: number): Promise<Buffer> {
  const url = await page.evaluate(async (sky) => {
    const canvas = new OffscreenCanvas(1600, 1067);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('No canvas.');
    const fill = (from: string, to: string, top: number): void => {
      const gradient = context.createLinearGradient(0, top, 0, 1067);
      gradient.addColorStop(0, from);
      gradient.addColorStop(1, to);
      context.fillStyle = gradient;
    };
    fill(`hsl(${String(sky)} 70% 62%)`, `hsl(${String(sky + 40)} 80% 88%)`, 0);
    context.fillRect(0, 0, 1600, 1067);
    context.fillStyle = 'hsl(45 95% 78%)';
    context.beginPath();
    context.arc(1180, 330, 90, 0, 7);
    context.fill();
    for (let ridge = 0; ridge < 5; ridge++) {
      fill(`hsl(${String(sky + 20)} 30% ${String(58 - ridge * 9)}%)`, `hsl(${String(sky)} 35% 12%)`, 400);
      context.beginPath();
      context.moveTo(0, 1067);
      for (let x = 0; x <= 1600; x += 8)
        context.lineTo(
          x,
          480 +
            ridge * 105 +
            Math.sin(x / (90 + ridge * 37) + ridge * 2) * 46 +
            Math.sin(x / 31 + ridge) * 12,
        );
      context.lineTo(1600, 1067);
      context.fill();
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    return new Promise<string>((resolve) => {
      const reader = new FileReader();
      reader.onload = () => {
        resolve(reader.result as string);
      };
      reader.readAsDataURL(blob);
    });
  }, hue);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

/** The samples, as a folder to upload. */
async function makeSamples(page: Page, folder: string): Promise<void> {
  const put = async (name: string, content: string | Buffer): Promise<void> => {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  };
  await put('Holidays/Morning at the lake.jpg', await drawPhoto(page, 195));
  await put('Holidays/Evening in the hills.jpg', await drawPhoto(page, 330));
  await put('Holidays/Last day.jpg', await drawPhoto(page, 25));
  await put('Birthday.webm', await readFile(path.join(ROOT, 'tests/fixtures/clip.webm')));
  await put('House/Heating manual.md', await readFile(path.join(ROOT, 'docs/architecture.md')));
  await put('House/Recovery.md', await readFile(path.join(ROOT, 'docs/get-your-data-back.md')));
  const rows = Array.from({ length: 4000 }, (_, i) => `${String(2020 + (i % 7))},${String(i * 17)},paid\n`);
  await put('Budget.csv', `year,amount,state\n${rows.join('')}`);
  await put(
    'Backup of the laptop.tar',
    await readFile(path.join(ROOT, 'node_modules/typescript/lib/typescript.js')),
  );
}

async function shoot(page: Page, file: string): Promise<void> {
  // Motion comes to rest, and what is asked of the relays has been answered.
  await page.evaluate(async () => {
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
  });
  await page.waitForTimeout(2500);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: WEBP_QUALITY });
  await session.detach();
  await writeFile(file, Buffer.from(data, 'base64'));
  console.log(path.relative(ROOT, file));
}

/** A visitor of a week: files are there, two are published, and nothing waits for an answer. */
async function settleIn(page: Page, url: string, folder: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('button', { name: 'Upload files' }).waitFor();
  await makeSamples(page, folder);
  await page.getByLabel('Folder to upload').setInputFiles(folder);
  await page.getByText(`${String(SAMPLES)} stored`, { exact: true }).waitFor({ timeout: UPLOAD_TIMEOUT_MS });
  await page.getByRole('button', { name: 'Clear finished' }).click();
  await page.getByRole('button', { name: 'Later' }).click();
  await page.goto(`${url}/#/files/${encodeURIComponent(path.basename(folder))}`);
  for (const name of PUBLISHED) {
    await page.getByRole('button', { name: `More actions for ${name}`, exact: true }).click();
    await page.getByRole('menuitem', { name: `Publish… ${name}`, exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
  // What was told goes by itself.
  await page.getByRole('button', { name: 'Dismiss message' }).first().waitFor({ state: 'detached' });
}

async function main(browser: Browser, url: string, folder: string): Promise<void> {
  const context = await browser.newContext({ deviceScaleFactor: 1 });
  const page = await context.newPage();
  await settleIn(page, url, folder);
  const links = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
  const views = await links.evaluateAll((all) =>
    all.map((link) => (link as HTMLAnchorElement).hash.slice(2)),
  );
  for (const { colorScheme, name, viewport } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(viewport);
    for (const view of views) {
      const place = view === 'files' ? `files/${encodeURIComponent(path.basename(folder))}` : view;
      await page.goto(`${url}/#/${place}`);
      if (view === 'map') await page.getByRole('combobox', { name: 'File' }).selectOption(MAPPED);
      const file = `${view}-${name}-${colorScheme}.webp`;
      await shoot(page, path.join(IMAGES, file));
      // What the browser shows before the app is installed.
      if (view === 'files' && colorScheme === 'light')
        await copyFile(path.join(IMAGES, file), path.join(ROOT, 'public/screenshots', `${name}.webp`));
    }
  }
  await context.close();
}

const url = process.argv[2] ?? 'http://localhost:8888';
const temporary = await mkdtemp(path.join(tmpdir(), 'lanvault-screenshots-'));
const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_ARGS] });
try {
  for (const dir of [IMAGES, path.join(ROOT, 'public/screenshots')]) await mkdir(dir, { recursive: true });
  await main(browser, url, path.join(temporary, 'Sample files'));
} finally {
  await browser.close();
  await rm(temporary, { recursive: true, force: true });
}
