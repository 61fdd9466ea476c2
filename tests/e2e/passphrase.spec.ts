/** A vault under a passphrase: what it takes to open it, who else can, and the way out when it is forgotten. */
import type { Page } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import { expectAccessible } from './axe.ts';
import { downloadFile, expect, openApp, openView, test, uploadAll } from './stage.ts';

const PASSPHRASE = 'correct horse battery staple';

/** What a script finds that has the whole database, but not the passphrase. */
async function plainKeys(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('lanvault');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(new Error('The database does not open.'));
    });
    let keys = 0;
    const visit = (value: unknown): void => {
      if (value instanceof CryptoKey) keys++;
      else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
        for (const child of Object.values(value)) visit(child);
    };
    for (const name of database.objectStoreNames) {
      const all = await new Promise<unknown[]>((resolve, reject) => {
        const reading = database.transaction(name).objectStore(name).getAll();
        reading.onsuccess = () => resolve(reading.result);
        reading.onerror = () => reject(new Error('A store cannot be read.'));
      });
      visit(all);
    }
    database.close();
    return keys;
  });
}

const doorOf = (page: Page) => page.getByRole('heading', { name: 'Your vault is locked' });

test('a passphrase closes the vault until it is given, in one tab for all; forgotten, the browser can be wiped', async ({
  page,
  context,
  stage,
}) => {
  await writeFile(stage.path('diary.txt'), 'dear diary\n');
  await openApp(page, stage);
  await uploadAll(page, [stage.path('diary.txt')]);
  expect(await plainKeys(page)).toBe(1);

  await openView(page, 'Settings');
  await page.getByRole('button', { name: 'Set passphrase…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Set a passphrase' });
  await dialog.getByLabel('New passphrase', { exact: true }).fill('too short');
  await expect(dialog).toContainText('At least 12 characters');
  await expect(dialog.getByRole('button', { name: 'Set it' })).toBeDisabled();
  await dialog.getByLabel('New passphrase', { exact: true }).fill(PASSPHRASE);
  await dialog.getByLabel('Once more', { exact: true }).fill(PASSPHRASE);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Set it' }).click();
  await expect(page.getByText('Lanvault asks for this passphrase from now on')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Change passphrase…' })).toBeVisible();
  expect(await plainKeys(page)).toBe(0);

  // The service worker has the key from this page, and another tab has it, too.
  await openView(page, 'Files');
  await downloadFile(page, 'diary.txt', stage.path('diary again.txt'));
  const other = await context.newPage();
  await other.goto(stage.proxy.url);
  await expect(other.getByRole('button', { name: 'Open diary.txt' })).toBeVisible();
  await openView(other, 'Settings');
  await other.getByRole('button', { name: 'Remove passphrase…' }).click();
  const removal = other.getByRole('dialog');
  await removal.getByLabel('Passphrase now').fill('another passphrase');
  await removal.getByRole('button', { name: 'Remove it' }).click();
  await expect(removal.getByRole('alert')).toContainText('This is not the passphrase');
  await other.close();

  await page.reload();
  await expect(doorOf(page)).toBeVisible();
  await expect(page.getByText('diary.txt')).toHaveCount(0);
  await expectAccessible(page);
  const field = page.getByLabel('Passphrase', { exact: true });
  await field.fill('Correct horse battery staple');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('This is not the passphrase');
  await expect(field).toBeFocused();
  await field.fill(PASSPHRASE);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Open diary.txt' }).click();
  await expect(page.getByRole('dialog')).toContainText('dear diary');

  await page.reload();
  await expect(doorOf(page)).toBeVisible();
  await page.getByRole('button', { name: 'Wipe this browser…' }).click();
  await page.getByLabel('Type wipe to confirm').fill('wipe');
  await page.getByRole('dialog').getByRole('button', { name: 'Wipe this browser' }).click();
  await expect(page.getByText('Lanvault keeps nothing in this browser any more')).toBeVisible();
  const left = await page.evaluate(async () => ({
    databases: (await indexedDB.databases()).length,
    caches: await caches.keys(),
    storage: localStorage.length + sessionStorage.length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    cookies: document.cookie,
  }));
  expect(left).toEqual({ databases: 0, caches: [], storage: 0, workers: 0, cookies: '' });
});
