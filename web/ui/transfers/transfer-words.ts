/** A transfer's state and figures in words. */
import { formatBytes, formatPercent, formatSpeed } from '../format/bytes.ts';
import { formatDuration } from '../format/duration.ts';
import { transferFraction } from '../../state/transfer-progress.ts';
import type { Transfer, TransferState } from '../../state/engine-types.ts';

export const STATE_WORDS: Readonly<Record<TransferState, string>> = {
  queued: 'Waiting',
  running: 'Uploading',
  done: 'Stored',
  failed: 'Failed',
  cancelled: 'Cancelled',
  'needs-file': 'Needs the file',
};

/** Nothing while it is unknown or stands still. */
export function speed(bytesPerSecond: number | null): string[] {
  return bytesPerSecond === null || bytesPerSecond < 1 ? [] : [formatSpeed(bytesPerSecond)];
}

/** Size, percent, speed and time left, as far as they say something in this state. */
export function figures(transfer: Transfer): string[] {
  const size = formatBytes(transfer.sizeBytes);
  const stored = formatBytes(transfer.storedBytes);
  switch (transfer.state) {
    case 'done':
    case 'queued':
      return [size];
    case 'failed':
    case 'cancelled':
    case 'needs-file':
      return [`${stored} of ${size} stored`];
    case 'running':
      return [
        formatPercent(transferFraction(transfer)),
        `${stored} of ${size}`,
        ...speed(transfer.bytesPerSecond),
        ...(transfer.secondsLeft === null ? [] : [`${formatDuration(transfer.secondsLeft)} left`]),
      ];
  }
}
