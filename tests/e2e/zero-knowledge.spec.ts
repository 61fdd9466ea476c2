import type { Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { CHROMIUM_ARGS, chromiumPath } from '../helpers/chromium.ts';
import { LeakScanner } from '../helpers/leak-scanner.ts';
import type { Leak } from '../helpers/leak-scanner.ts';
import { REPO } from '../helpers/programs.ts';
import type { RelayProcess } from '../helpers/relays.ts';
import { Stage, downloadFile, expect, openApp, uploadAll } from './stage.ts';
import { test } from '@playwright/test';

const NAMES = ['secret plans of the household.tar', 'payslip november.pdf', 'birthday party.webm'] as const;

// Chromium names itself in the PDFs that it prints as it does in every request. A short name is no window.
test.use({
  launchOptions: { executablePath: chromiumPath(), args: [...CHROMIUM_ARGS, '--user-agent=tester'] },
});

/** All that the page's origin keeps outside of its database, where every key is under one that nobody can export. */
function keptByBrowser(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const kept: unknown[] = [
      history.state,
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      document.cookie,
    ];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys())
        kept.push(request.url, await (await cache.match(request))?.text());
    }
    return JSON.stringify(kept);
  });
}

/** A relay's own key and its operator's token, in the relays' logs. */
async function relaySecretsIn(relays: readonly RelayProcess[]): Promise<Leak[]> {
  const secrets = relays.map(async ({ dir, port }) => [
    { label: `the key of relay ${String(port)}`, bytes: await readFile(path.join(dir, 'identity.key')) },
    {
      label: `the token of relay ${String(port)}`,
      bytes: Buffer.from((await readFile(path.join(dir, 'operator.token'), 'utf8')).trim()),
    },
  ]);
  const scanner = new LeakScanner([], (await Promise.all(secrets)).flat());
  const logs = await Promise.all(relays.map(async ({ log }) => ({ log, bytes: await readFile(log) })));
  // They do tell a lot.
  for (const { bytes } of logs) expect(bytes.length).toBeGreaterThan(0);
  return logs.flatMap(({ log, bytes }) => scanner.scan(log, bytes));
}

test('what a browser sends and what relays keep and log holds no plaintext, no name and no key', async ({
  page,
}) => {
  test.setTimeout(300_000);
  // A relay tells nothing, however much it tells.
  await using stage = await Stage.set(6, undefined, { relayArgs: ['--log-level', 'trace'] });
  let said = '';
  page.on('console', (message) => (said += `${message.text()}\n`));
  page.on('pageerror', (error) => (said += `${String(error.stack)}\n`));
  const [tar, pdf, clip] = NAMES.map((name) => stage.path(name)) as [string, string, string];
  // Not our own docs: they tell what stands in every request.
  const texts = ['README.md', 'ThirdPartyNoticeText.txt', 'lib/typescript.d.ts'];
  execFileSync('tar', ['-cf', tar, '-C', path.join(REPO, 'node_modules/typescript'), ...texts]);
  await page.setContent(
    `<pre>${(await readFile(path.join(REPO, 'README.md'), 'utf8')).replaceAll('<', '&lt;')}</pre>`,
  );
  await page.pdf({ path: pdf });
  execFileSync('cp', [path.join(REPO, 'tests/fixtures/clip.webm'), clip]);

  await openApp(page, stage);
  await uploadAll(page, [tar, pdf, clip]);
  for (const name of NAMES) await downloadFile(page, name, stage.path(`copy of ${name}`));
  await page.getByRole('button', { name: `Open ${NAMES[2]}` }).click();
  await expect(page.locator('video')).toBeVisible();
  await page.getByRole('button', { name: 'Close' }).click();

  const keys: Buffer[] = [];
  for (const name of NAMES) {
    await page.getByRole('button', { name: `More actions for ${name}` }).click();
    const started = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: `Export manifest of ${name}` }).click();
    const manifest = JSON.parse(await readFile(await (await started).path(), 'utf8')) as { key: string };
    keys.push(Buffer.from(manifest.key, 'base64url'));
  }
  const kept = await keptByBrowser(page);
  expect(kept).toContain('/assets/');
  await Promise.all(stage.swarm.relays.map((relay) => relay.kill('SIGTERM')));

  const inputs = await Promise.all([tar, pdf, clip].map((file) => readFile(file)));
  const secrets = keys.map((bytes, i) => ({ label: `the key of ${NAMES[i] ?? ''}`, bytes }));
  const scanner = new LeakScanner(inputs, [
    ...NAMES.map((name) => ({ label: `the name ${name}`, bytes: Buffer.from(name) })),
    ...secrets,
  ]);
  const leaks: Leak[] = scanner.scan('what the browser sent', stage.proxy.sentBytes());
  let scannedBytes = stage.proxy.sentBytes().length;
  const entries = await readdir(stage.swarm.dir, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    scannedBytes += bytes.length;
    leaks.push(...scanner.scan(file, bytes));
  }
  const keyScanner = new LeakScanner([], secrets);
  leaks.push(...keyScanner.scan('what the browser keeps', Buffer.from(kept)));
  leaks.push(...keyScanner.scan('what the page said', Buffer.from(said)));
  leaks.push(...(await relaySecretsIn(stage.swarm.relays)));
  expect(leaks).toEqual([]);
  // It did see the uploads: every chunk once on its way and five times on disk.
  const stored = inputs.reduce((sum, input) => sum + input.length, 0);
  expect(scannedBytes).toBeGreaterThan(stored);
  expect(stage.proxy.requestLines('PUT').length).toBeGreaterThan(inputs.length);
});
