/** The Storage view on real relays: what it says is what lies on their disks, and what it deletes is what nobody needs. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { REPLICAS, UPLOADS_IN_FLIGHT } from '../../shared/limits.ts';
import { formatBytes } from '../../web/ui/format/bytes.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { REPO } from '../helpers/programs.ts';
import type { RelayProcess } from '../helpers/relays.ts';
import { storedChunks } from '../helpers/stored-chunks.ts';
import { expectAccessible } from './axe.ts';
import { downloadFile, expect, openApp, test, uploadAll } from './stage.ts';
import type { Stage } from './stage.ts';

const MIB = 2 ** 20;

/** Every chunk on a relay's disk: its hash and size by its id. */
async function diskOf({ dir }: RelayProcess): Promise<Map<string, { hash: string; size: number }>> {
  const entries = await readdir(path.join(dir, 'chunks'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const bytes = await readFile(path.join(parentPath, name));
    return [name, { hash: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }] as const;
  });
  return new Map(await Promise.all(read));
}

/** More than any chunk of the list of these few files takes, less than any of a file of text and random bytes. */
const MAX_INDEX_BYTES = 32 * 1024;

async function disksOf(stage: Stage): Promise<Map<string, { hash: string; size: number; copies: number }>> {
  const all = new Map<string, { hash: string; size: number; copies: number }>();
  for (const relay of stage.swarm.relays) {
    for (const [id, { hash, size }] of await diskOf(relay)) {
      const known = all.get(id);
      expect(known?.hash ?? hash).toBe(hash);
      all.set(id, { hash, size, copies: (known?.copies ?? 0) + 1 });
    }
  }
  return all;
}

/** Chunks that are on some disks, and on fewer than they should be. `except`: those that stories before on this stage have left so. */
async function tooFew(
  stage: Stage,
  except: ReadonlySet<string> = new Set(),
): Promise<{ id: string; size: number; copies: number }[]> {
  const all = [...(await disksOf(stage))];
  return all.flatMap(([id, { size, copies }]) =>
    copies < REPLICAS && !except.has(id) ? { id, size, copies } : [],
  );
}

async function openStorage(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/#/storage`);
  await expect(page.getByRole('heading', { name: 'Storage', level: 1 })).toBeVisible();
}

const figure = (page: Page, card: string, name: string) =>
  page
    .getByRole('region', { name: 'Totals' })
    .locator('.card', { hasText: card })
    .locator('div', { has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) })
    .locator('dd');

type UploadState = 'finished' | 'unfinished';

/** Chunks that the uploads in this state have sealed; `lose` takes them out of the browser's database, as a lost profile would. */
function chunksOfUploads(page: Page, state: UploadState, lose = false): Promise<string[]> {
  return page.evaluate(
    async ([wanted, remove]) => {
      const opened = indexedDB.open('lanvault');
      await new Promise((resolve) => (opened.onsuccess = resolve));
      const all = opened.result.transaction(['journals', 'journal-entries'], 'readwrite');
      const ids: string[] = [];
      const journals = all.objectStore('journals').openCursor();
      journals.onsuccess = () => {
        const at = journals.result;
        if (at === null) return;
        const upload = at.value as { state: string; uploadId: string };
        if (upload.state === wanted) {
          const range = IDBKeyRange.bound([upload.uploadId, 0], [upload.uploadId, Infinity]);
          const entries = all.objectStore('journal-entries').getAll(range);
          entries.onsuccess = () => {
            for (const entry of entries.result as { kind: string; chunk: { id: string } }[])
              if (entry.kind === 'sealed') ids.push(entry.chunk.id);
            if (remove) all.objectStore('journal-entries').delete(range);
          };
          if (remove) at.delete();
        }
        at.continue();
      };
      await new Promise((resolve) => (all.oncomplete = resolve));
      opened.result.close();
      return ids;
    },
    [state, lose] as const,
  );
}

test('totals are what lies on the disks; what an interrupted upload left is found and deleted, and nothing else', async ({
  page,
  context,
  stage,
}) => {
  test.setTimeout(240_000);
  const kept = stage.path('kept.bin');
  await writeMixedFile(kept, 4 * MIB + 5);
  await openApp(page, stage);
  await uploadAll(page, [kept]);
  const keptIds = await chunksOfUploads(page, 'finished');
  expect(keptIds).toHaveLength(5);

  await openStorage(page, stage.proxy.url);
  // The vault's index follows the file.
  await expect(async () => {
    const held = [...(await disksOf(stage)).values()];
    const bytes = held.reduce((sum, { size, copies }) => sum + size * copies, 0);
    const copies = held.reduce((sum, chunk) => sum + chunk.copies, 0);
    await expect(figure(page, 'All relays together', 'Stored')).toHaveText(formatBytes(bytes), {
      timeout: 100,
    });
    await expect(figure(page, 'All relays together', 'Chunks')).toHaveText(String(copies), { timeout: 100 });
  }).toPass({ timeout: 30_000 });
  await expect(figure(page, 'Files uploaded here', 'Size')).toHaveText(formatBytes(4 * MIB + 5));
  await expect(figure(page, 'Files uploaded here', 'With five copies')).toHaveText('100%');
  const needed = await disksOf(stage);
  const oneCopy = keptIds.reduce((sum, id) => sum + (needed.get(id)?.size ?? 0), 0);
  await expect(figure(page, 'Files uploaded here', 'One copy takes')).toHaveText(formatBytes(oneCopy));
  const clean = page.getByRole('region', { name: 'Clean up' });
  await expect(clean).toContainText('nothing of yours lies there that your files do not need');

  const torn = await context.newPage();
  await writeMixedFile(stage.path('torn.bin'), 40 * MIB);
  await openApp(torn, stage);
  stage.proxy.forget();
  await torn.getByLabel('Files to upload').setInputFiles(stage.path('torn.bin'));
  await expect
    .poll(() => stage.proxy.requestLines('PUT').length, { timeout: 60_000 })
    .toBeGreaterThan(UPLOADS_IN_FLIGHT);
  await torn.close();
  await page.goto(`${stage.proxy.url}/status`);
  const tornIds = new Set(await chunksOfUploads(page, 'unfinished', true));
  const orphaned = [...(await disksOf(stage)).keys()].filter((id) => tornIds.has(id));
  expect(orphaned.length).toBeGreaterThan(0);

  await openStorage(page, stage.proxy.url);
  await expect(clean).toContainText('younger than an hour');
  await expect(clean.getByRole('button', { name: /^Delete/ })).toHaveCount(0);
  await page.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() + 7_200_000;
  });
  await page.reload();
  await expect(clean).toContainText(`${String(orphaned.length)} chunk`);
  await expectAccessible(page);
  const where = clean.getByRole('list', { name: 'Where they lie' }).getByRole('listitem');
  await expect.poll(() => where.count()).toBeGreaterThanOrEqual(REPLICAS);
  const before = await disksOf(stage);
  await clean.getByRole('button', { name: /^Delete .* chunks?…/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep them' }).click();
  expect(await disksOf(stage)).toEqual(before);
  await clean.getByRole('button', { name: /^Delete .* chunks?…/ }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
  await expect(clean).toContainText(/chunks? deleted\./, { timeout: 60_000 });
  const stays = new Map([...before].filter(([id]) => !tornIds.has(id)));
  await expect.poll(() => disksOf(stage), { timeout: 60_000 }).toEqual(stays);
  await expect(clean).toContainText('nothing of yours lies there that your files do not need');
});

test('a relay is taken out of service from its own page, and files stay readable', async ({
  page,
  context,
  stage,
}) => {
  test.setTimeout(240_000);
  const shortBefore = new Set((await tooFew(stage)).map(({ id }) => id));
  const relay = await stage.swarm.add(['--web-dir', path.join(REPO, 'dist/web')]);
  await stage.swarm.settled();
  const file = stage.path('moved.bin');
  await writeMixedFile(file, 6 * MIB);
  await openApp(page, stage);
  await uploadAll(page, [file]);
  expect(await storedChunks(relay.dir)).not.toEqual([]);

  const operator = await context.newPage();
  await openStorage(operator, relay.url);
  const part = operator.getByRole('region', { name: 'Look after a relay' });
  await expect(part.getByLabel('Relay', { exact: true })).toHaveValue(relay.id);
  await part.getByLabel('Operator token').fill('ab'.repeat(32));
  await part.getByRole('button', { name: 'Unlock' }).click();
  await expect(part.getByRole('alert')).toContainText('Only this relay’s operator may do this');
  await part
    .getByLabel('Operator token')
    .fill(await readFile(path.join(relay.dir, 'operator.token'), 'utf8'));
  await part.getByRole('button', { name: 'Unlock' }).click();
  await part.getByRole('button', { name: 'Repair now' }).click();
  await expect(part).toContainText(/[1-9]\d* chunks? checked/, { timeout: 60_000 });
  const kept = await operator.evaluate(() =>
    [...Object.values<string>(localStorage), ...Object.values<string>(sessionStorage), document.cookie].join(
      ' ',
    ),
  );
  expect(kept).not.toMatch(/[0-9a-f]{64}/);

  await part.getByRole('button', { name: 'Take out of service…' }).click();
  await expectAccessible(operator);
  await operator.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();
  await operator.getByRole('dialog').getByRole('button', { name: 'Take it out of service' }).click();
  await expect(part).toContainText('This relay has left.', { timeout: 90_000 });
  await expectAccessible(operator);
  await expect.poll(() => relay.alive, { timeout: 30_000 }).toBe(false);
  expect(await storedChunks(relay.dir)).toEqual([]);
  // The file's are never below; the vault's list, which is small, may have been written anew meanwhile, and the old one deleted.
  const short = await tooFew(stage, shortBefore);
  expect(short.filter(({ size }) => size > MAX_INDEX_BYTES)).toEqual([]);
  await expect.poll(() => tooFew(stage, shortBefore)).toEqual([]);
  await downloadFile(page, 'moved.bin', stage.path('back.bin'));
  expect(await sha256OfFile(stage.path('back.bin'))).toBe(await sha256OfFile(file));
  // Others are operated from their own pages.
  await openStorage(page, stage.proxy.url);
  const [first] = stage.swarm.relays;
  const other = page.getByRole('region', { name: 'Look after a relay' });
  await other.getByLabel('Relay', { exact: true }).selectOption(first?.id ?? '');
  await expect(other.getByRole('link')).toHaveAttribute('href', `${first?.url ?? ''}/#/storage`);
});

test('relays sort by keyboard', async ({ page, stage }) => {
  await openStorage(page, stage.proxy.url);
  const table = page.getByRole('table', { name: 'Space on relays' });
  const used = table.getByRole('columnheader', { name: 'Used' });
  await used.getByRole('button').focus();
  await page.keyboard.press('Enter');
  await expect(used).toHaveAttribute('aria-sort', 'descending');
  await page.keyboard.press('Enter');
  await expect(used).toHaveAttribute('aria-sort', 'ascending');
});
