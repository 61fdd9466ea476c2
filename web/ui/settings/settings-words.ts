/** What the Settings view says. */
import { REPLICAS } from '../../../shared/limits.ts';
import { formatBytes } from '../format/bytes.ts';
import type { BrowserStorage } from '../../state/engine-types.ts';

/** What it means that each part of a file must reach so many relays. */
export function explainMinReplicas(count: number): string {
  if (count >= REPLICAS)
    return `An upload fails unless ${REPLICAS} relays take every part: nothing is ever stored with fewer copies.`;
  const wanted = `${REPLICAS} are always tried for, and made up later.`;
  if (count === 1) return `An upload succeeds as soon as one relay has each part. ${wanted}`;
  return `An upload fails when fewer than ${count} relays take a part. ${wanted}`;
}

/** How much of the browser's storage the app uses. */
export function describeStorage({ usedBytes, quotaBytes }: BrowserStorage): string {
  if (usedBytes === null) return 'This browser does not say how much it stores.';
  const used = `${formatBytes(usedBytes)} used`;
  return quotaBytes === null ? used : `${used}, of ${formatBytes(quotaBytes)} that the browser allows`;
}

/** Whether it is safe there. */
export function describePersistence(persisted: boolean | null): string {
  if (persisted === null)
    return 'This browser gives no promise about it. Export your manifests, so that you have them elsewhere.';
  return persisted
    ? 'The browser has promised to keep it until you clear it.'
    : 'The browser may clear it by itself when the disk gets full.';
}
