import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import { expect, openApp, test, uploadAll } from './stage.ts';

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`));
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ]) {
    test(`axe finds nothing, ${colorScheme}, ${String(viewport.width)} wide`, async ({ page, stage }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      await openApp(page, stage);
      expect(await violations(page)).toEqual([]);

      const note = stage.path('note.txt');
      await writeFile(note, 'remember the milk\n');
      await uploadAll(page, [note]);
      expect(await violations(page)).toEqual([]);

      await page.getByRole('button', { name: 'Open note.txt' }).click();
      await expect(page.getByRole('dialog')).toContainText('remember the milk');
      expect(await violations(page)).toEqual([]);
    });
  }
}
