/** How much garbage V8 may keep while a transfer runs. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps this process's heap from growing with the length of a transfer. Peak RSS of an upload in MiB, 256 MiB → 2 GiB: 183 → 210
 * without, 180 → 184 with it.
 */
export function keepGarbageSmall(): void {
  // The nursery stays at its first size instead of growing to 3 × 16 MiB.
  setFlagsFromString('--semi-space-growth-factor=1');
  // What outlives the nursery is collected after it has grown by a fifth instead of double.
  setFlagsFromString('--heap-growing-percent=20');
  // That holds from the first full collection on, which would come only after 1,400 blocks.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}
