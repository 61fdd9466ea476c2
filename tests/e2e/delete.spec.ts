import type { Page } from '@playwright/test';
import { readFile, writeFile } from 'node:fs/promises';
import { UPLOADS_IN_FLIGHT } from '../../shared/limits.ts';
import { writeMixedFile } from '../helpers/files.ts';
import { storedChunks } from '../helpers/stored-chunks.ts';
import { expectAccessible } from './axe.ts';
import { chooseAction, expect, openApp, test, uploadAll } from './stage.ts';
import type { Stage } from './stage.ts';

/** Ids of the chunks that lie on any relay's disk, those that are switched off included. */
async function chunksOnDisk(stage: Stage): Promise<Set<string>> {
  const all = await Promise.all(stage.swarm.relays.map(({ dir }) => storedChunks(dir)));
  return new Set(all.flat());
}

/** Ids of the chunks of a file, from its exported manifest: what else is stored is the vault's list of files. */
async function chunksOf(page: Page, name: string): Promise<string[]> {
  await page.getByRole('button', { name: `More actions for ${name}` }).click();
  const started = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: `Export manifest of ${name}` }).click();
  const { chunks } = JSON.parse(await readFile(await (await started).path(), 'utf8')) as {
    chunks: { id: string }[];
  };
  return chunks.map(({ id }) => id);
}

async function until(what: () => Promise<unknown>, expected: unknown): Promise<void> {
  await expect.poll(what, { timeout: 60_000 }).toEqual(expected);
}

test('a file is deleted with one relay away, nobody serves it, and the relay deletes when it is back', async ({
  page,
  browser,
  stage,
}) => {
  const name = 'secret plan.bin';
  await writeMixedFile(stage.path(name), 3_500_000);
  await openApp(page, stage);
  await uploadAll(page, [stage.path(name)]);
  await chooseAction(page, name, 'Share…');
  const link = await page.getByLabel('Link for a browser', { exact: true }).inputValue();
  await page.getByRole('button', { name: 'Done' }).click();

  // Four blocks and the manifest behind the link.
  const ids = [...(await chunksOf(page, name)), /open\/([0-9a-f]{64})/.exec(link)?.[1] ?? 'no link'];
  expect(ids).toHaveLength(5);
  expect([...(await chunksOnDisk(stage))]).toEqual(expect.arrayContaining(ids));
  const held = await Promise.all(stage.swarm.relays.map(async ({ dir }) => storedChunks(dir)));
  const at = held.findIndex((stored) => ids.every((id) => stored.includes(id)));
  const away = stage.swarm.relays[at];
  if (away === undefined) throw new Error('Of six relays one holds all five chunks.');
  await away.kill();
  await stage.swarm.settled();

  await chooseAction(page, name, 'Delete…');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(name);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(page.getByRole('button', { name: `Open ${name}` })).toBeVisible();
  await chooseAction(page, name, 'Delete…');
  await dialog.getByRole('button', { name: 'Delete for everybody' }).click();

  const item = page.getByRole('region', { name: 'Deletions' }).getByRole('listitem', { name });
  await expect(item).toContainText('Pending', { timeout: 30_000 });
  await expect(item).toContainText('One relay is away');
  const absent = item.getByRole('listitem').filter({ hasText: away.id.slice(0, 8) });
  await expect(absent).toContainText('pending');
  await expect(item.getByRole('listitem').filter({ hasText: 'deleted' })).toHaveCount(5);
  await expect(page.getByRole('button', { name: `Open ${name}` })).toHaveCount(0);
  await expectAccessible(page);

  const live = stage.swarm.relays.filter((relay) => relay.alive);
  await until(async () => {
    const answers = live.flatMap((relay) =>
      ids.map(async (id) => (await fetch(`${relay.url}/chunk/${id}`)).status),
    );
    return (await Promise.all(answers)).filter((status) => status !== 404 && status !== 410);
  }, []);
  const other = await (await browser.newContext()).newPage();
  await other.goto(link);
  await expect(other.getByRole('dialog')).toContainText('No relay here can open this link', {
    timeout: 60_000,
  });
  await other.context().close();

  // What is pending outlives the visit.
  await page.reload();
  await expect(item).toContainText('Pending', { timeout: 30_000 });
  stage.swarm.relays[at] = await away.restart();
  await until(async () => (await storedChunks(away.dir)).filter((id) => ids.includes(id)), []);
  await expect(item).toContainText('Deleted', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Clear deleted' }).click();
  await expect(page.getByRole('region', { name: 'Deletions' })).toHaveCount(0);
  expect([...(await chunksOnDisk(stage))].filter((id) => ids.includes(id))).toEqual([]);
});

test('several files are deleted at once', async ({ page, stage }) => {
  const names = ['one.txt', 'two.txt', 'three.txt'];
  for (const name of names) await writeFile(stage.path(name), `${name}\n`);
  await openApp(page, stage);
  await uploadAll(
    page,
    names.map((name) => stage.path(name)),
  );
  const ids: string[] = [];
  for (const name of names) ids.push(...(await chunksOf(page, name)));
  for (const name of ['one.txt', 'three.txt'])
    await page.getByRole('checkbox', { name: `Select ${name}` }).check();
  await expectAccessible(page);
  await page.getByRole('group', { name: 'Selected files' }).getByRole('button', { name: 'Delete…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Delete 2 files?');
  const listed = dialog.getByRole('listitem');
  await expect(listed).toHaveCount(2);
  expect((await listed.allInnerTexts()).toSorted()).toEqual(['one.txt', 'three.txt']);
  await dialog.getByRole('button', { name: 'Delete for everybody' }).click();
  await expect(page.getByRole('button', { name: /^Open (one|three).txt/ })).toHaveCount(0, {
    timeout: 30_000,
  });
  await expect(page.getByRole('button', { name: 'Open two.txt' })).toBeVisible();
  await until(async () => [...(await chunksOnDisk(stage))].filter((id) => ids.includes(id)), [ids[1]]);
});

test('an upload that is cancelled is stopped, and what it had stored is deleted', async ({ page, stage }) => {
  const before = await chunksOnDisk(stage);
  await writeMixedFile(stage.path('regret.bin'), 40 * 2 ** 20);
  await openApp(page, stage);
  stage.proxy.forget();
  await page.getByLabel('Files to upload').setInputFiles(stage.path('regret.bin'));
  await expect
    .poll(() => stage.proxy.requestLines('PUT').length, { timeout: 60_000 })
    .toBeGreaterThan(UPLOADS_IN_FLIGHT);
  await page.getByRole('button', { name: 'Cancel regret.bin' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel upload' }).click();
  const item = page.getByRole('region', { name: 'Deletions' }).getByRole('listitem', { name: 'regret.bin' });
  await expect(item).toContainText('Deleted', { timeout: 60_000 });
  await until(async () => [...(await chunksOnDisk(stage))].filter((id) => !before.has(id)), []);
});
