import type { ErrorCode } from '../shared/errors.ts';

const UNEXPECTED = 1;

/** The command line's exit codes (docs/cli.md), for what ends a relay's process. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  BAD_INPUT: 2,
  UNSUPPORTED: 2,
  UNAVAILABLE: 4,
  CORRUPT: 5,
  IO: 6,
  NO_SPACE: 6,
  CONFLICT: 8,
  ABORTED: 130,
};

export function exitStatusOf(code: ErrorCode): number {
  return STATUS[code] ?? UNEXPECTED;
}
