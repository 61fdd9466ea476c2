/** What commands say: results on stdout, everything else on stderr, so that scripts can read one without the other. */
import { AppError } from '../shared/errors.ts';
import type { ErrorObject } from '../shared/errors.ts';
import { exitStatusOf } from './exit-codes.ts';
import type { ExitStatus } from './exit-codes.ts';

export interface Output {
  readonly json: boolean;
  /** A line for a person; nothing with `--json`. */
  readonly say: (text: string) => void;
  /** A line that a person must not miss, on stderr. */
  readonly warn: (text: string) => void;
  /** One JSON object on stdout; nothing without `--json`. */
  readonly result: (value: Readonly<Record<string, unknown>>) => void;
}

export function createOutput(options: { json: boolean }): Output {
  return {
    json: options.json,
    say: (text) => {
      if (!options.json) process.stdout.write(`${text}\n`);
    },
    warn: (text) => process.stderr.write(`${text}\n`),
    result: (value) => {
      if (options.json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** One line: several spaces and newlines of foreign messages become one space. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Prints an error as one line (or one JSON object) on stderr, and gives the exit status that goes with it. */
export function reportError(cause: unknown, json: boolean, about?: string): ExitStatus {
  const error = AppError.from(cause);
  const message = oneLine(about === undefined ? error.message : `${about}: ${error.message}`);
  if (json) {
    const object: ErrorObject = { ...error.toObject(), message };
    process.stderr.write(`${JSON.stringify({ error: object })}\n`);
  } else {
    process.stderr.write(`lanvault: ${message}\n`);
  }
  // A bug is the one thing for which a stack helps; it stays out of the way unless asked for.
  if (process.env['LANVAULT_DEBUG'] === '1') process.stderr.write(`${originOf(error).stack ?? ''}\n`);
  return exitStatusOf(error.code);
}

/** What the error was made of. */
function originOf(error: Error): Error {
  return error.cause instanceof Error ? originOf(error.cause) : error;
}
