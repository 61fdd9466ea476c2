/** What the command line's exit status means: one table, which `--help`, docs/cli.md and the tests share. */
import type { ErrorCode } from '../shared/errors.ts';

export const EXIT_CODES = {
  ok: { status: 0, meaning: 'Done.' },
  unexpected: { status: 1, meaning: 'Something unexpected went wrong; please report it.' },
  usage: { status: 2, meaning: 'The command, an option or an input file is not valid.' },
  degraded: { status: 3, meaning: 'Stored, but on fewer than 5 relays.' },
  relays: { status: 4, meaning: 'No relay, or too few of them, can be reached.' },
  lost: { status: 5, meaning: 'What is asked for is not there, or it is missing parts or damaged.' },
  io: { status: 6, meaning: 'A file or folder cannot be read or written, or a disk is full.' },
  changed: { status: 7, meaning: 'The file changed while it was read.' },
  conflict: {
    status: 8,
    meaning: 'The target exists, a port is taken, or another process is at work on it.',
  },
  forbidden: {
    status: 9,
    meaning: 'Not allowed: it is not this device’s to delete, or a relay refuses.',
  },
  interrupted: { status: 130, meaning: 'Interrupted; an upload can be resumed.' },
} as const;

export type Outcome = keyof typeof EXIT_CODES;
export type ExitStatus = (typeof EXIT_CODES)[Outcome]['status'];

const OUTCOME_OF_ERROR: Readonly<Record<ErrorCode, Outcome>> = {
  BAD_INPUT: 'usage',
  UNSUPPORTED: 'usage',
  TOO_LARGE: 'usage',
  NO_SESSION: 'relays',
  FORBIDDEN: 'forbidden',
  RATE_LIMITED: 'relays',
  UNAVAILABLE: 'relays',
  TIMEOUT: 'relays',
  NOT_ENOUGH_RELAYS: 'relays',
  NOT_FOUND: 'lost',
  DELETED: 'lost',
  CHUNK_LOST: 'lost',
  CORRUPT: 'lost',
  HASH_MISMATCH: 'lost',
  IO: 'io',
  NO_SPACE: 'io',
  FILE_CHANGED: 'changed',
  CONFLICT: 'conflict',
  ABORTED: 'interrupted',
  INTERNAL: 'unexpected',
};

export function exitStatusOf(code: ErrorCode): ExitStatus {
  return EXIT_CODES[OUTCOME_OF_ERROR[code]].status;
}

/** The table as `--help` prints it. */
export function exitCodeHelp(): string {
  const rows = Object.values(EXIT_CODES).map(
    ({ status, meaning }) => `  ${String(status).padStart(3)}  ${meaning}`,
  );
  return ['Exit codes:', ...rows].join('\n');
}
