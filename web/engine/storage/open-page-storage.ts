import { systemClock } from '../../../shared/engine/clock.ts';
import { PageStorage } from './page-storage.ts';
import type { PageStorageOptions } from './page-storage.ts';

/** With what the page has to offer. */
export function openPageStorage(
  parts: Pick<PageStorageOptions, 'stores' | 'manifestOf' | 'swarm' | 'gate'>,
): PageStorage {
  return new PageStorage({
    ...parts,
    origin: location.origin,
    clock: systemClock,
    fetch: (url, init) => fetch(url, init),
    unixTime: () => Date.now(),
  });
}
