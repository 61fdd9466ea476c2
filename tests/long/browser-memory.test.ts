import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Stage } from '../e2e/stage.ts';
import { BareBrowser } from '../helpers/bare-browser.ts';
import type { BarePage } from '../helpers/bare-browser.ts';
import { peakMemoryDuring } from '../helpers/browser-memory.ts';
import type { MemoryPeak } from '../helpers/browser-memory.ts';
import { sha256OfFile, writeRandomFile } from '../helpers/files.ts';
import { until } from '../helpers/until.ts';

const MIB = 2 ** 20;
const SMALL_MIB = 64;
const LARGE_MIB = 512;
/**
 * How much more the large file may take. It is eight times the small one: what grew with the file would show as
 * hundreds of MiB, where garbage that Chromium has not collected yet differs by tens from run to run.
 */
const GROWTH_LIMIT_MIB = 64;
const TRANSFER_TIMEOUT_MS = 20 * 60_000;

const label = (text: string): string => `[aria-label=${JSON.stringify(text)}]`;

async function openApp(browser: BareBrowser, url: string): Promise<BarePage> {
  const page = await browser.open(url);
  await until(
    async () => (await page.evaluate('location.href').catch(() => '')) === `${url}/`,
    'the app opens',
  );
  await page.waitFor(
    `navigator.serviceWorker.controller && document.querySelector('${label('Files to upload')}')`,
  );
  return page;
}

test('the browser sends and gets a large file in flat memory', async () => {
  await using stage = await Stage.set(5);
  await mkdir(stage.path('downloads'));
  const peaks: Record<string, number> = {};
  for (const sizeMib of [SMALL_MIB, LARGE_MIB]) {
    const name = `${String(sizeMib)}.bin`;
    await writeRandomFile(stage.path(name), sizeMib * MIB);
    const profile = stage.path(`profile-${String(sizeMib)}`);
    // A browser of its own for each way, so that neither inherits the other's heap.
    const inBrowser = async (
      work: (page: BarePage, browser: BareBrowser) => Promise<void>,
    ): Promise<MemoryPeak> => {
      await using browser = await BareBrowser.launch(profile);
      const page = await openApp(browser, stage.webUi.url);
      return await peakMemoryDuring(browser, () => work(page, browser));
    };
    const up = await inBrowser(async (page) => {
      await page.setFile(label('Files to upload'), stage.path(name));
      await page.waitFor(`document.querySelector('${label(`Open ${name}`)}')`, TRANSFER_TIMEOUT_MS);
    });
    const down = await inBrowser(async (page, browser) => {
      await browser.send('Browser.setDownloadBehavior', {
        behavior: 'allow',
        downloadPath: stage.path('downloads'),
      });
      await page.waitFor(`document.querySelector('${label(`Download ${name}`)}')`);
      await page.click(label(`Download ${name}`));
      const copy = stage.path(`downloads/${name}`);
      await until(() => existsSync(copy), `${name} is downloaded`, TRANSFER_TIMEOUT_MS);
      expect(await sha256OfFile(copy)).toBe(await sha256OfFile(stage.path(name)));
    });
    peaks[`up ${String(sizeMib)}`] = up.totalMib;
    peaks[`down ${String(sizeMib)}`] = down.totalMib;
    console.log(`${String(sizeMib)} MiB, peak memory of the browser in MiB:`, { up, down });
  }
  for (const way of ['up', 'down']) {
    const small = peaks[`${way} ${String(SMALL_MIB)}`] ?? Number.NaN;
    const large = peaks[`${way} ${String(LARGE_MIB)}`] ?? Number.NaN;
    expect(large - small, `${way}: MiB more for the large file`).toBeLessThanOrEqual(GROWTH_LIMIT_MIB);
  }
});
