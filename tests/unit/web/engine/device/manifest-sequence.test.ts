import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../../shared/errors.ts';
import { exportSequence, importSequence } from '../../../../../web/engine/device/manifest-sequence.ts';

const { signal } = new AbortController();
const ignore = (): void => undefined;

async function textsIn(file: Blob): Promise<string[]> {
  const texts: string[] = [];
  await importSequence(
    file,
    async (text) => {
      texts.push(await text.text());
      return 'name';
    },
    signal,
    ignore,
  );
  return texts;
}

describe('a sequence of manifests', () => {
  test('gives back every text, in order', async () => {
    const anyText = fc.string({ unit: 'binary' }).filter((text) => text !== '' && !text.includes('\u001E'));
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 20 }), async (texts) => {
        const { text, exported } = await exportSequence(
          texts,
          (one) => Promise.resolve(new Blob([one])),
          signal,
          ignore,
        );
        expect(exported).toBe(texts.length);
        expect(await textsIn(text)).toEqual(await Promise.all(texts.map((one) => new Blob([one]).text())));
      }),
    );
  });

  test('is an RFC 7464 sequence', async () => {
    const { text } = await exportSequence(
      ['{}\n', '[]\n'],
      (one) => Promise.resolve(new Blob([one])),
      signal,
      ignore,
    );
    expect(await text.text()).toBe('\u001E{}\n\u001E[]\n');
    expect(text.type).toBe('application/json-seq');
  });

  test('texts are found whatever slice they begin in', async () => {
    const long = 'x'.repeat(1024 * 1024 - 1);
    const file = new Blob([`\u001E${long}`, `\u001E${long}y`, '\u001E', '\u001Elast']);
    expect((await textsIn(file)).map(({ length }) => length)).toEqual([long.length, long.length + 1, 4]);
  });

  test('one manifest by itself is a sequence of one', async () => {
    expect(await textsIn(new Blob(['{"format":"lanvault/1"}']))).toEqual(['{"format":"lanvault/1"}']);
    expect(await textsIn(new Blob([]))).toEqual([]);
  });

  test('what cannot be read does not stop the rest, and is told', async () => {
    const gone = new AppError('NOT_FOUND', 'It is gone.');
    const out = await exportSequence(
      [1, 2, 3],
      (id) => (id === 2 ? Promise.reject(gone) : Promise.resolve(new Blob([String(id)]))),
      signal,
      ignore,
    );
    expect(out).toMatchObject({ exported: 2, failures: [gone] });
    const bad = new AppError('CORRUPT', 'This is not a manifest.');
    const back = await importSequence(
      out.text,
      async (text) => {
        const name = await text.text();
        if (name === '1') throw bad;
        return name;
      },
      signal,
      ignore,
    );
    expect(back).toEqual({ imported: 1, firstName: '3', failures: [bad] });
  });

  test('both tell how far they are, and stop when asked to', async () => {
    const abort = new AbortController();
    const told: number[] = [];
    const stopAtTwo = (done: number): void => {
      told.push(done);
      if (done === 1) abort.abort();
    };
    const read = (): Promise<Blob> => Promise.resolve(new Blob(['{}']));
    await expect(exportSequence([1, 2, 3], read, abort.signal, stopAtTwo)).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(told).toEqual([0, 1]);
    const file = new Blob(['\u001E{}\u001E{}']);
    await expect(importSequence(file, () => Promise.resolve(''), abort.signal, ignore)).rejects.toMatchObject(
      { code: 'ABORTED' },
    );
  });
});
