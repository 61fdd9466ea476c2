/** Sizes and speeds in words, in powers of 1024 as the engine counts them. */
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1.4 MiB`; three significant digits below 100, whole numbers from there. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–';
  let value = bytes;
  let unit = 0;
  // 1023.5 would round to "1024 KiB": the next unit takes it.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? 'TiB'}`;
}

export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** Whole percent that says 100 only when it is. */
export function formatPercent(fraction: number): string {
  const percent = Math.max(0, Math.min(1, fraction)) * 100;
  return `${percent < 100 ? Math.floor(percent) : 100}%`;
}
