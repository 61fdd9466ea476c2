import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { lazily } from '../../../../web/engine/lazily.ts';

describe('lazily', () => {
  test('loads when first asked, once for all', async () => {
    let loads = 0;
    const load = lazily(() => Promise.resolve({ number: ++loads }));
    expect(loads).toBe(0);
    const [first, second] = await Promise.all([load(), load()]);
    expect(first).toBe(second);
    expect(await load()).toBe(first);
    expect(loads).toBe(1);
  });

  test('a failed load fails all that wait for it, says what to do, and is tried again', async () => {
    const answers = [Promise.reject(new TypeError('Failed to fetch')), Promise.resolve('code')];
    const load = lazily(() => answers.shift() ?? Promise.reject(new Error('loaded too often')));
    const waiting = [load(), load()];
    for (const attempt of waiting) await expect(attempt).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await load()).toBe('code');
  });

  test('an error with a code of its own keeps it', async () => {
    const load = lazily(() => Promise.reject(new AppError('UNSUPPORTED', 'Not here.')));
    await expect(load()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: 'Not here.' });
  });
});
