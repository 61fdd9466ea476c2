/** How glibc's malloc treats the buffers of a transfer. It reads its settings when a process starts, and only then. */

const SETTINGS: Readonly<Record<string, string>> = {
  /** Blocks are made by one thread and given back by another; in glibc's heap per thread their holes add up. */
  MALLOC_ARENA_MAX: '2',
  /** Blocks go back to the system at once. Unless it is set, glibc raises this limit with the first block that does. */
  MALLOC_MMAP_THRESHOLD_: '262144',
};

/**
 * Starts this program anew (execve: same pid, streams and arguments) with these settings, where they matter: on Linux,
 * once. What the user has set stays. Call it before anything is opened or read.
 *
 * Measured with five relays, peak RSS of a download in MiB, 256 MiB → 1 GiB: 265 → 294 as it is, 217 → 267 with two
 * arenas, 210 → 231 with the fixed threshold, 198 → 198 with both. The start takes 40 ms longer, and each block
 * costs a millisecond or two to map.
 */
export function restartWithTunedMalloc(): void {
  if (process.platform !== 'linux' || process.execve === undefined) return;
  const env = { ...SETTINGS, ...process.env };
  if (Object.keys(SETTINGS).every((name) => process.env[name] !== undefined)) return;
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, env);
}
