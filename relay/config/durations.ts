/** Durations as people write them on a command line. */
import { AppError } from '../../shared/errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `30s`, `5m`, `1.5h`, `2d` as ms. Throws `BAD_INPUT`, also for a number without a unit. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = match === null ? undefined : UNITS[match[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new AppError('BAD_INPUT', `"${text}" is not a duration. Write a number with ms, s, m, h or d.`);
  }
  return Math.round(Number(match[1]) * unit);
}
