/** No promise without a test. That the files are there: links.test.ts. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { REPO } from '../../helpers/programs.ts';

it('each promise of docs/security.md names what shows it', async () => {
  const text = await readFile(path.join(REPO, 'docs/security.md'), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| (?!promise \|)/.test(line));
  expect(rows.length).toBeGreaterThan(15);
  const unshown = rows.filter((row) => !/`(?:tests\/[\w./-]+|npm run \w+)`[^|]*\|$/.test(row));
  expect(unshown).toEqual([]);
});
