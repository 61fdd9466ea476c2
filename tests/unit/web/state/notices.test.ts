import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_NOTICES } from '../../../../shared/limits.ts';
import { ERROR_HINTS } from '../../../../web/state/error-hints.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';

let notices: Notices;
beforeEach(() => {
  vi.useFakeTimers();
  notices = new Notices();
});
afterEach(() => {
  notices[Symbol.dispose]();
  vi.useRealTimers();
});

describe('Notices', () => {
  it('keeps errors until they are dismissed, and lets the rest go', () => {
    notices.info('Saved');
    notices.error('It failed', new AppError('TIMEOUT', 'No answer.'));
    vi.runAllTimers();
    expect(notices.list).toMatchObject([
      { tone: 'error', title: 'It failed', text: 'No answer.', hint: ERROR_HINTS.TIMEOUT },
    ]);
    notices.dismiss(notices.list[0]?.id ?? -1);
    expect(notices.list).toEqual([]);
  });

  it('is silent about what the user cancelled', () => {
    notices.error('It failed', new DOMException('x', 'AbortError'));
    expect(notices.list).toEqual([]);
  });

  it('gives unknown failures a hint too', () => {
    notices.error('It failed', new TypeError('x is undefined'));
    expect(notices.list[0]?.hint).toBe(ERROR_HINTS.INTERNAL);
  });

  it('shows a repeated message once', () => {
    notices.error('It failed', new AppError('IO', 'a'));
    notices.error('It failed', new AppError('IO', 'b'));
    notices.error('It failed', new AppError('IO', 'a'));
    expect(notices.list.map(({ text }) => text)).toEqual(['b', 'a']);
  });

  it('is bounded: the oldest gives way', () => {
    for (let i = 0; i < MAX_NOTICES + 2; i++) notices.info(`message ${i}`);
    expect(notices.list.map(({ title }) => title)).toEqual([
      'message 2',
      'message 3',
      'message 4',
      'message 5',
    ]);
    expect(vi.getTimerCount()).toBe(MAX_NOTICES);
  });

  it('leaves no timer behind', () => {
    notices.info('Saved');
    notices[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
