import { mkdir } from 'node:fs/promises';
import { chromium } from '@playwright/test';
import type { Page } from '@playwright/test';
import { expect, test } from 'vitest';
import { Stage } from '../e2e/stage.ts';
import { peakMemoryDuring } from '../helpers/browser-memory.ts';
import { chromiumPath } from '../helpers/chromium.ts';
import { sha256OfFile, writeRandomFile } from '../helpers/files.ts';

const MIB = 2 ** 20;
const SMALL_MIB = 64;
const LARGE_MIB = 512;
/**
 * How much more the large file may take. It is eight times the small one: what grew with the file would show as
 * hundreds of MiB, where garbage that Chromium has not collected yet differs by tens from run to run.
 */
const GROWTH_LIMIT_MIB = 64;
const TRANSFER_TIMEOUT_MS = 20 * 60_000;

async function upload(page: Page, file: string, name: string): Promise<void> {
  await page.getByLabel('Files to upload').setInputFiles(file);
  await page.getByRole('button', { name: `Open ${name}` }).waitFor({ timeout: TRANSFER_TIMEOUT_MS });
}

/** Where the browser put the bytes; it removes them when it ends. */
async function download(page: Page, name: string): Promise<string> {
  const started = page.waitForEvent('download');
  await page.getByRole('button', { name: `Download ${name}`, exact: true }).click();
  return (await started).path();
}

test('the browser sends and gets a large file in flat memory', async () => {
  await using stage = await Stage.set(5);
  await mkdir(stage.path('downloads'));
  const peaks: Record<string, number> = {};
  for (const sizeMib of [SMALL_MIB, LARGE_MIB]) {
    const name = `${String(sizeMib)}.bin`;
    await writeRandomFile(stage.path(name), sizeMib * MIB);
    // A browser of its own for each size, so that neither inherits the other's heap.
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
      downloadsPath: stage.path('downloads'),
    });
    try {
      const page = await browser.newPage();
      // Not through the stage's proxy, which keeps all that it sees.
      await page.goto(stage.webUi.url);
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      const up = await peakMemoryDuring(browser, () => upload(page, stage.path(name), name));
      let copy = '';
      const down = await peakMemoryDuring(browser, async () => {
        copy = await download(page, name);
      });
      expect(await sha256OfFile(copy)).toBe(await sha256OfFile(stage.path(name)));
      peaks[`up ${String(sizeMib)}`] = up.totalMib;
      peaks[`down ${String(sizeMib)}`] = down.totalMib;
      console.log(`${String(sizeMib)} MiB, peak memory of the browser in MiB:`, { up, down });
    } finally {
      await browser.close();
    }
  }
  for (const way of ['up', 'down']) {
    const small = peaks[`${way} ${String(SMALL_MIB)}`] ?? Number.NaN;
    const large = peaks[`${way} ${String(LARGE_MIB)}`] ?? Number.NaN;
    expect(large - small, `${way}: MiB more for the large file`).toBeLessThanOrEqual(GROWTH_LIMIT_MIB);
  }
});
