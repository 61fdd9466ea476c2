import { describe, expect, it } from 'vitest';
import { LogRepeats, loggedError } from '../../../../relay/http/log-lines.ts';
import { AppError } from '../../../../shared/errors.ts';
import { LOG_REPEATS, LOG_REPEATS_WINDOW_MS, MAX_LOGGED_CAUSES } from '../../../../shared/limits.ts';

const ID = '0123456789abcdef'.repeat(4);

describe('loggedError', () => {
  it('says what and why without ids, wherever they stand', () => {
    const disk = Object.assign(new Error(`EIO: i/o error, open '/data/chunks/01/23/${ID}'`), { code: 'EIO' });
    const logged = loggedError(new AppError('IO', 'The disk failed.', { cause: disk }));
    expect(logged).toMatchObject({
      type: 'AppError',
      code: 'IO',
      message: 'The disk failed.',
      cause: { code: 'EIO', message: "EIO: i/o error, open '/data/chunks/01/23/<id>'" },
    });
    expect(logged.stack).toContain('log-lines.test.ts');
    expect(JSON.stringify(logged)).not.toContain(ID);
  });

  it('ends, whatever is thrown', () => {
    expect(loggedError(`no ${ID}`)).toEqual({ type: 'string', message: 'no <id>', stack: '' });
    const loop = new Error('again');
    loop.cause = loop;
    let depth = 0;
    for (let at = loggedError(loop).cause; at !== undefined; at = at.cause) depth++;
    expect(depth).toBe(MAX_LOGGED_CAUSES);
  });
});

describe('LogRepeats', () => {
  it('holds a line back that repeats, no other one, and counts it', () => {
    let now = 0;
    const repeats = new LogRepeats(() => now);
    const said = () => repeats.next([{ route: '/x' }, 'A request failed']);
    for (let i = 0; i < LOG_REPEATS; i++) expect(said()).toEqual([{ route: '/x' }, 'A request failed']);
    for (let i = 0; i < 7; i++) expect(said()).toBeNull();
    expect(repeats.next([{}, 'Another line'])).not.toBeNull();
    now = LOG_REPEATS_WINDOW_MS - 1;
    expect(said()).toBeNull();
    now = LOG_REPEATS_WINDOW_MS;
    expect(said()).toEqual([{ route: '/x', heldBack: 8 }, 'A request failed']);
    expect(said()).toEqual([{ route: '/x' }, 'A request failed']);
  });
});
