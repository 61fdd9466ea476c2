/** Real time. */
import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError } from '../../shared/errors.ts';
import type { Clock } from './ports.ts';

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  uptime: () => uptime() * 1000,
  every(intervalMs, callback, signal) {
    if (signal.aborted) return;
    const timer = setInterval(callback, intervalMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  },
  async sleep(delayMs, signal) {
    try {
      await delay(delayMs, undefined, { signal });
    } catch {
      throw abortError(signal);
    }
  },
};
