import type { Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UPLOADS_IN_FLIGHT } from '../../shared/limits.ts';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { REPO } from '../helpers/programs.ts';
import { downloadFile, expect, openApp, test, uploadAll } from './stage.ts';
import type { Stage } from './stage.ts';

const CLIP = path.join(REPO, 'tests/fixtures/clip.webm');

/** A tar of sources, a PDF that Chromium printed, and a video. */
async function makeInputs(page: Page, stage: Stage): Promise<{ tar: string; pdf: string; clip: string }> {
  const tar = stage.path('sources.tar');
  execFileSync('tar', [
    '-cf',
    tar,
    '-C',
    REPO,
    'shared',
    'relay',
    'docs/architecture.md',
    'node_modules/fastify/lib',
  ]);
  const pdf = stage.path('how it works.pdf');
  const text = await readFile(path.join(REPO, 'docs/architecture.md'), 'utf8');
  await page.setContent(`<h1>Report</h1><pre>${text.replaceAll('<', '&lt;').repeat(8)}</pre>`);
  await page.pdf({ path: pdf });
  return { tar, pdf, clip: CLIP };
}

/** Where it was saved. */
async function exportManifest(page: Page, stage: Stage, name: string): Promise<string> {
  await page.getByRole('button', { name: `More actions for ${name}` }).click();
  const started = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: `Export manifest of ${name}` }).click();
  const manifest = stage.path(`${name}.manifest`);
  await (await started).saveAs(manifest);
  return manifest;
}

async function chunkIds(page: Page, stage: Stage, name: string): Promise<string[]> {
  const manifest = await readFile(await exportManifest(page, stage, name), 'utf8');
  return (JSON.parse(manifest) as { chunks: { id: string }[] }).chunks.map(({ id }) => id);
}

test('a tar, a PDF and a video go up and come back bit-identical', async ({ page, stage }) => {
  const { tar, pdf, clip } = await makeInputs(page, stage);
  await openApp(page, stage);
  await uploadAll(page, [tar, pdf, clip]);
  for (const file of [tar, pdf, clip]) {
    const name = path.basename(file);
    const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: `Open ${name}` }) });
    await expect(row).toContainText('5');
    const copy = stage.path(`copy of ${name}`);
    await downloadFile(page, name, copy);
    expect(await sha256OfFile(copy)).toBe(await sha256OfFile(file));
  }
});

test('the list is there after a reload', async ({ page, stage }) => {
  const note = stage.path('note.txt');
  await writeFile(note, 'remember the milk\n');
  await openApp(page, stage);
  await uploadAll(page, [note]);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Open note.txt' })).toBeVisible();
  await page.getByRole('button', { name: 'Open note.txt' }).click();
  await expect(page.getByRole('dialog')).toContainText('remember the milk');
});

test('a video plays and seeks to 80 %', async ({ page, stage }) => {
  await openApp(page, stage);
  await uploadAll(page, [CLIP]);
  const streamed: { url: string; status: number; range: string }[] = [];
  page.on('response', (response) => {
    const { 'content-range': range = '' } = response.headers();
    if (response.url().includes('/stream/'))
      streamed.push({ url: response.url(), status: response.status(), range });
  });
  await page.getByRole('button', { name: 'Open clip.webm' }).click();
  const video = page.locator('video');
  await expect(video).toBeVisible();

  const seen = await video.evaluate(async (element: HTMLVideoElement) => {
    const event = (name: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        element.addEventListener(name, resolve, { once: true });
        element.addEventListener('error', () => reject(new Error(element.error?.message)), { once: true });
      });
    element.muted = true;
    if (element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) await event('loadeddata');
    const target = element.duration * 0.8;
    const shown = new Promise<number>((resolve) => {
      const look = (_now: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
        if (mediaTime > target - 1) resolve(mediaTime);
        else element.requestVideoFrameCallback(look);
      };
      element.requestVideoFrameCallback(look);
    });
    const seeked = event('seeked');
    element.currentTime = target;
    await seeked;
    const mediaTime = await shown;
    await element.play();
    while (element.currentTime < target + 0.5) await event('timeupdate');
    element.pause();
    const canvas = document.createElement('canvas');
    canvas.width = element.videoWidth;
    canvas.height = element.videoHeight;
    const context = canvas.getContext('2d');
    context?.drawImage(element, 0, 0);
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return {
      duration: element.duration,
      mediaTime,
      playedTo: element.currentTime,
      colours: new Set(new Uint32Array(Uint8Array.from(pixels).buffer)).size,
    };
  });
  expect(seen.duration).toBeCloseTo(20, 0);
  expect(seen.mediaTime).toBeCloseTo(seen.duration * 0.8, 0);
  expect(seen.playedTo).toBeGreaterThan(seen.mediaTime);
  expect(seen.colours).toBeGreaterThan(1000);

  const clip = await readFile(CLIP);
  const partial = streamed.filter((response) => response.status === 206);
  expect(partial.length).toBeGreaterThan(0);
  // How far it had read ahead when it seeked is the browser's affair; that seeks are Range requests is asked for next.

  // The same URL, asked by script: the bytes at 80 % are the file's.
  const start = Math.floor(clip.length * 0.8);
  const answer = await page.evaluate(
    async ({ url, range }) => {
      const response = await fetch(url, { headers: { range } });
      const bytes = new Uint8Array(await response.arrayBuffer());
      return {
        status: response.status,
        range: response.headers.get('content-range'),
        bytes: Array.from(bytes),
      };
    },
    { url: partial[0]?.url ?? '', range: `bytes=${String(start)}-${String(start + 99_999)}` },
  );
  expect(answer.status).toBe(206);
  expect(answer.range).toBe(`bytes ${String(start)}-${String(start + 99_999)}/${String(clip.length)}`);
  expect(Buffer.from(answer.bytes).equals(clip.subarray(start, start + 100_000))).toBe(true);
});

test('a reload in the middle of an upload, then a resume that sends nothing twice', async ({
  page,
  stage,
}) => {
  const big = stage.path('big.bin');
  const chunkCount = 40;
  await writeMixedFile(big, chunkCount * 2 ** 20);
  // Without the picker that leaves handles, the page has to ask for the file again: the harder way.
  await page.addInitScript(() => Reflect.deleteProperty(window, 'showOpenFilePicker'));
  await openApp(page, stage);
  stage.proxy.forget();
  await page.getByLabel('Files to upload').setInputFiles(big);
  await expect
    .poll(() => stage.proxy.requestLines('PUT').length, { timeout: 60_000 })
    .toBeGreaterThan(2 * UPLOADS_IN_FLIGHT);
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  const before = stage.proxy.requestLines('PUT');
  expect(before.length).toBeLessThan(chunkCount);

  const transfer = page.getByRole('region', { name: 'Transfers' }).getByRole('listitem', { name: 'big.bin' });
  await expect(transfer).toContainText('Needs the file');
  stage.proxy.forget();
  await page.getByRole('button', { name: 'Resume big.bin' }).click();
  await page.getByLabel('File to go on with').setInputFiles(big);
  await expect(page.getByRole('button', { name: 'Open big.bin' })).toBeVisible({ timeout: 90_000 });

  // The vault's index, which comes after the file, is no part of it.
  const own = (await chunkIds(page, stage, 'big.bin')).map((id) => `/chunk/${id}`);
  const after = stage.proxy.requestLines('PUT').filter((line) => own.includes(line));
  // What was under way at the reload has no receipt and may be sent again, under the same id; nothing else may.
  expect([...new Set([...before, ...after])].sort()).toEqual(own.sort());
  expect(own).toHaveLength(chunkCount);
  expect(after.filter((line) => before.includes(line)).length).toBeLessThanOrEqual(UPLOADS_IN_FLIGHT);
  const copy = stage.path('big copy.bin');
  await downloadFile(page, 'big.bin', copy);
  expect(await sha256OfFile(copy)).toBe(await sha256OfFile(big));
});

test('the app opens with the web server gone, shows the list, and says what is wrong', async ({
  page,
  stage,
}) => {
  const note = stage.path('offline.txt');
  await writeFile(note, 'still here\n');
  await openApp(page, stage);
  await uploadAll(page, [note]);
  stage.proxy.cut();
  try {
    await page.reload();
    await expect(page.getByRole('button', { name: 'Upload files' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Open offline.txt' })).toBeVisible();
    await expect(page.getByRole('alert')).toContainText('cannot be reached');
  } finally {
    stage.proxy.restore();
  }
});

test('a manifest goes from one profile to another, to the command line and back', async ({
  page,
  browser,
  stage,
}) => {
  const photo = stage.path('photo.bin');
  await writeMixedFile(photo, 1_500_000);
  await openApp(page, stage);
  await uploadAll(page, [photo]);
  const manifest = await exportManifest(page, stage, 'photo.bin');

  const context = await browser.newContext();
  const other = await context.newPage();
  await openApp(other, stage);
  await other.getByLabel('Manifests to import').setInputFiles(manifest);
  await downloadFile(other, 'photo.bin', stage.path('photo copy.bin'));
  expect(await sha256OfFile(stage.path('photo copy.bin'))).toBe(await sha256OfFile(photo));

  await using user = await CliUser.create();
  const entry = ['--entry-node', stage.webUi.url];
  const read = await user.run('reconstruct', manifest, 'photo.bin', ...entry);
  expect(read.code, read.stderr).toBe(0);
  expect(await sha256OfFile(user.path('photo.bin'))).toBe(await sha256OfFile(photo));
  await writeMixedFile(user.path('shell.bin'), 1_200_000);
  const stored = await user.run('distribute', 'shell.bin', ...entry);
  expect(stored.code, stored.stderr).toBe(0);
  await other.getByLabel('Manifests to import').setInputFiles(user.path('manifests/shell.bin.manifest'));
  await downloadFile(other, 'shell.bin', stage.path('shell copy.bin'));
  expect(await sha256OfFile(stage.path('shell copy.bin'))).toBe(await sha256OfFile(user.path('shell.bin')));
  await context.close();
});

test('a paused upload stops sending and goes on where it was', async ({ page, stage }) => {
  const big = stage.path('paused.bin');
  await writeMixedFile(big, 30 * 2 ** 20);
  await openApp(page, stage);
  stage.proxy.forget();
  await page.getByLabel('Files to upload').setInputFiles(big);
  await expect.poll(() => stage.proxy.requestLines('PUT').length, { timeout: 60_000 }).toBeGreaterThan(2);
  await page.getByRole('button', { name: 'Pause paused.bin' }).click();
  const transfer = page
    .getByRole('region', { name: 'Transfers' })
    .getByRole('listitem', { name: 'paused.bin' });
  await expect(transfer).toContainText('Paused');
  await page.getByRole('button', { name: 'Resume paused.bin' }).click();
  await expect(page.getByRole('button', { name: 'Open paused.bin' })).toBeVisible({ timeout: 90_000 });
  await downloadFile(page, 'paused.bin', stage.path('paused copy.bin'));
  expect(await sha256OfFile(stage.path('paused copy.bin'))).toBe(await sha256OfFile(big));
});

// Last: four of the six relays are gone afterwards.
test('a video goes on when relays die while it plays', async ({ page, stage }) => {
  await openApp(page, stage);
  await uploadAll(page, [CLIP]);
  const answered = page.waitForResponse((response) => response.url().includes('/stream/'));
  await page.getByRole('button', { name: 'Open clip.webm' }).click();
  const url = (await answered).url();
  const video = page.locator('video');
  const playTo = (seconds: number): Promise<number> =>
    video.evaluate(async (element: HTMLVideoElement, until) => {
      element.muted = true;
      await element.play();
      while (element.currentTime < until) {
        await new Promise((resolve, reject) => {
          element.addEventListener('timeupdate', resolve, { once: true });
          element.addEventListener('error', () => reject(new Error(element.error?.message)), { once: true });
        });
      }
      return element.currentTime;
    }, seconds);
  await playTo(0.5);
  // With five copies each, any four may go.
  const { relays } = stage.swarm;
  const gone = relays.filter(({ id }) => id !== stage.webUi.id).slice(0, 4);
  await Promise.all(gone.map((relay) => relay.kill()));
  try {
    expect(await playTo(3)).toBeGreaterThanOrEqual(3);
    // Whatever the browser had read ahead, the whole file still comes, byte for byte.
    const hash = await page.evaluate(async (from) => {
      const response = await fetch(from, { cache: 'no-store' });
      const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer());
      return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
    }, url);
    expect(hash).toBe(await sha256OfFile(CLIP));
  } finally {
    // Other files' tests play on the same stage.
    for (const relay of gone) relays[relays.indexOf(relay)] = await relay.restart();
    await stage.swarm.settled();
  }
});
