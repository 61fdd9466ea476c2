/** The page answers at any time: while it sends a GiB, and while fifty relays come and go. */
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Stage } from '../e2e/stage.ts';
import { BareBrowser } from '../helpers/bare-browser.ts';
import type { BarePage } from '../helpers/bare-browser.ts';
import { writeRandomFile } from '../helpers/files.ts';

const MIB = 2 ** 20;
const FILE_MIB = 1024;
const TRANSFER_TIMEOUT_MS = 20 * 60_000;
const RELAYS = 50;
const KILLED = 10;
const SWARM_TIMEOUT_MS = 5 * 60_000;

/** Tasks of more than 50 ms, as the Long Tasks API has them; those before the app is there do not count. */
const OBSERVE = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      longTasks.push({ atMs: Math.round(startTime), ms: Math.round(duration), view: location.hash });
  }).observe({ type: 'longtask' });
`;

/** A browser and, started after it and so with less of a claim to the processor, the relays: they would be other machines. */
async function browserAndRelays(
  relays: number,
): Promise<AsyncDisposable & { browser: BareBrowser; stage: Stage }> {
  const parts = new AsyncDisposableStack();
  const profile = await mkdtemp(path.join(tmpdir(), 'lanvault-responsive-'));
  parts.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 3 }));
  const browser = parts.use(await BareBrowser.launch(profile));
  setPriority(constants.priority.PRIORITY_LOW);
  const stage = parts.use(await Stage.set(relays));
  return { browser, stage, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

async function openApp(browser: BareBrowser, stage: Stage): Promise<BarePage> {
  const page = await browser.open(stage.webUi.url);
  await page.waitFor(
    `navigator.serviceWorker.controller && document.querySelector('[aria-label="Files to upload"]')`,
  );
  await page.evaluate(OBSERVE);
  return page;
}

async function expectNeverBlocked(page: BarePage): Promise<void> {
  // Entries are delivered a little later than they are made.
  await page.evaluate('new Promise((resolve) => requestIdleCallback(resolve))');
  const longTasks = await page.evaluate('longTasks');
  console.log('tasks over 50 ms:', longTasks);
  expect(longTasks).toEqual([]);
}

test('while it sends a GiB, with the file list or all events in view', async () => {
  await using parts = await browserAndRelays(6);
  const { browser, stage } = parts;
  const file = stage.path('large.bin');
  await writeRandomFile(file, FILE_MIB * MIB);
  const page = await openApp(browser, stage);
  await page.setFile('[aria-label="Files to upload"]', file);
  const sent = (share: number): string =>
    `Number(/(\\d+)%/.exec(document.title)?.[1] ?? 0) >= ${String(share)} || document.querySelector('[aria-label="Open large.bin"]')`;
  await page.waitFor(sent(40), TRANSFER_TIMEOUT_MS);
  // Each chunk makes an event for each of its copies.
  await page.evaluate(`location.hash = '#/activity'`);
  await page.waitFor(sent(70), TRANSFER_TIMEOUT_MS);
  await page.evaluate(`location.hash = '#/files'`);
  await page.waitFor(`document.querySelector('[aria-label="Open large.bin"]')`, TRANSFER_TIMEOUT_MS);
  await expectNeverBlocked(page);
});

test('while ten of fifty relays die and return, in the network’s picture and in the log', async () => {
  await using parts = await browserAndRelays(RELAYS);
  const { browser, stage } = parts;
  const page = await openApp(browser, stage);
  const rows = (text: string): string =>
    `[...document.querySelectorAll('[role=table] [role=row]')].filter((row) => row.textContent.includes('${text}')).length`;
  await page.evaluate(`location.hash = '#/activity'`);
  await page.waitFor(`document.querySelector('h1')?.textContent === 'Activity'`);
  await page.evaluate(`location.hash = '#/network'`);
  await page.waitFor(
    `${rows('Working')} > ${String(RELAYS)} && document.querySelector('canvas')`,
    SWARM_TIMEOUT_MS,
  );
  // The first drawing is the answer to a click, not an event.
  await page.evaluate('longTasks.length = 0');
  const victims = stage.swarm.relays.slice(0, KILLED);
  await Promise.all(victims.map((relay) => relay.kill('SIGKILL')));
  await page.waitFor(`${rows('Gone')} === ${String(KILLED)}`, SWARM_TIMEOUT_MS);
  for (const [i, relay] of victims.entries()) stage.swarm.relays[i] = await relay.restart();
  await page.waitFor(`${rows('Working')} > ${String(RELAYS)}`, SWARM_TIMEOUT_MS);
  await page.evaluate(`location.hash = '#/activity'`);
  await page.waitFor(`document.querySelector('h1')?.textContent === 'Activity'`);
  await expectNeverBlocked(page);
});
