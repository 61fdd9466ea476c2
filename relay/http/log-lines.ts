/**
 * How a relay logs: JSON lines on stderr, which whoever runs it keeps and rotates. Nothing from `info` on has an id in it; what errors
 * say is not ours, so ids in it (file names) are masked. A line that repeats is said a few times a minute and then counted.
 */
import {
  LOG_REPEATS,
  LOG_REPEATS_WINDOW_MS,
  MAX_LOG_MESSAGES,
  MAX_LOGGED_CAUSES,
} from '../../shared/limits.ts';
import type { LogLevel } from '../config/settings.ts';

/** What pino passes to its hook: details and message, or a message alone. */
type LogArguments = [details: unknown, message?: string | undefined, ...rest: unknown[]];
type LogMethod = (...args: LogArguments) => void;

/** pino's number for it. */
const INFO = 30;

/** Options for fastify's logger. `now`: monotonic, ms. */
export function logLines(level: LogLevel, now: () => number) {
  const repeats = new LogRepeats(now);
  return {
    level,
    stream: process.stderr,
    // Process and host are what the collector of the logs knows anyway.
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: loggedError },
    hooks: {
      logMethod(this: object, args: LogArguments, method: LogMethod, levelNumber: number) {
        const said = levelNumber < INFO ? args : repeats.next(args);
        if (said !== null) method.apply(this, said);
      },
    },
  };
}

/** Lets each message through a few times in a window, and says how many were held back when it opens again. */
export class LogRepeats {
  readonly #now: () => number;
  /** By message, the oldest window first. */
  readonly #windows = new Map<string, { readonly since: number; said: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The arguments to log with, or null for a line to hold back. */
  next(args: LogArguments): LogArguments | null {
    const [details, message] = args;
    const key = message ?? String(details);
    const now = this.#now();
    const window = this.#windows.get(key);
    if (window !== undefined && now - window.since < LOG_REPEATS_WINDOW_MS) {
      return ++window.said > LOG_REPEATS ? null : args;
    }
    this.#windows.delete(key);
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined && this.#windows.size >= MAX_LOG_MESSAGES) this.#windows.delete(oldest);
    this.#windows.set(key, { since: now, said: 1 });
    const heldBack = Math.max(0, (window?.said ?? 0) - LOG_REPEATS);
    const isObject = typeof details === 'object' && details !== null;
    return heldBack > 0 && isObject ? [{ ...details, heldBack }, message] : args;
  }
}

/** As pino has it: `stack` is empty where there is none. */
interface LoggedError {
  readonly [field: string]: unknown;
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: LoggedError;
}

function describe(thrown: unknown, causes: number): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: masked(String(thrown)), stack: '' };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return {
    type: thrown.name,
    ...(code === undefined ? {} : { code }),
    message: masked(thrown.message),
    stack: masked(thrown.stack ?? ''),
    ...(thrown.cause === undefined || causes === 0 ? {} : { cause: describe(thrown.cause, causes - 1) }),
  };
}

/** What of a thrown value is logged: its causes too, up to a bound. */
export function loggedError(thrown: unknown): LoggedError {
  return describe(thrown, MAX_LOGGED_CAUSES);
}

function masked(text: string): string {
  return text.replaceAll(/[0-9a-f]{32,}/gi, '<id>');
}
