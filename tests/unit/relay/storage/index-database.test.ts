import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { IndexDatabase } from '../../../../relay/storage/index-database.ts';
import { tempFolder } from '../fixtures.ts';

const SQLITE_CORRUPT = 11;

function damage(): never {
  throw Object.assign(new Error('malformed'), { errcode: SQLITE_CORRUPT });
}

async function opened(): Promise<{ database: IndexDatabase; dir: string }> {
  const folder = await tempFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const dir = path.join(folder.path, 'index');
  await mkdir(dir);
  const database = new IndexDatabase(path.join(dir, 'index.sqlite'));
  onTestFinished(() => database[Symbol.dispose]());
  return { database, dir };
}

it('does what was found damaged once more on an empty database', async () => {
  const { database } = await opened();
  let resets = 0;
  database.onReset(() => resets++);
  let calls = 0;
  expect(database.run(() => (calls++ === 0 ? damage() : 'done'))).toBe('done');
  expect([calls, resets]).toEqual([2, 1]);
});

it('fails as any index does when the new database is damaged too, and goes on after', async () => {
  const { database } = await opened();
  expect(() => database.run(damage)).toThrow(expect.objectContaining({ code: 'IO' }));
  expect(database.query('SELECT 1 AS one').get()).toEqual({ one: 1 });
});

it('fails as any index does when no new database can be made, and makes one when that is possible again', async () => {
  const { database, dir } = await opened();
  await rm(dir, { recursive: true });
  expect(() => database.run(damage)).toThrow(expect.objectContaining({ code: 'IO' }));
  expect(() => database.query('SELECT 1 AS one').get()).toThrow(expect.objectContaining({ code: 'IO' }));
  await mkdir(dir);
  expect(database.query('SELECT 1 AS one').get()).toEqual({ one: 1 });
});
