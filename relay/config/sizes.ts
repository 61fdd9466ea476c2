/** Sizes as people write them on a command line. */
import { AppError } from '../../shared/errors.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `1048576`, `512M`, `10G`, `1.5T` (binary units, an optional `B` or `iB` behind them) as bytes. Throws `BAD_INPUT`. */
export function parseSize(text: string): number {
  const match = /^(\d{1,16}(?:\.\d{1,6})?)([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const unit = match === null ? undefined : UNITS[match[2]?.toUpperCase() ?? ''];
  const sizeBytes = match === null || unit === undefined ? NaN : Math.floor(Number(match[1]) * unit);
  if (!Number.isSafeInteger(sizeBytes)) {
    throw new AppError('BAD_INPUT', `"${text}" is not a size. Write bytes, or a number with K, M, G or T.`);
  }
  return sizeBytes;
}
