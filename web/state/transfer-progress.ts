/** Figures over all transfers, and what is worth telling a screen reader. */
import { ERROR_HINTS } from './error-hints.ts';
import type { Transfer, TransferState } from './engine-types.ts';

export interface OverallProgress {
  readonly activeCount: number;
  /** Uploads of this batch, finished ones included. */
  readonly batchCount: number;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  /** 0 to 1. */
  readonly fraction: number;
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

export function isActive(transfer: Transfer): boolean {
  return transfer.state === 'running' || transfer.state === 'queued';
}

/** 0 to 1; an empty file is whole once it is done. */
export function transferFraction(transfer: Transfer): number {
  if (transfer.state === 'done') return 1;
  if (transfer.sizeBytes === 0) return 0;
  return Math.min(1, transfer.storedBytes / transfer.sizeBytes);
}

/** The transfers of `now` that are under way or were counted before. */
export function growBatch(before: readonly Transfer[], now: readonly Transfer[]): Transfer[] {
  const counted = new Set(before.map((transfer) => transfer.id));
  return now.filter((transfer) => isActive(transfer) || counted.has(transfer.id));
}

/** `batch`: the transfers that count towards the whole; null when none of them is under way. */
export function overallProgress(batch: readonly Transfer[]): OverallProgress | null {
  const active = batch.filter(isActive);
  if (active.length === 0) return null;
  const counted = batch.filter((transfer) => isActive(transfer) || transfer.state === 'done');
  const sizeBytes = sum(counted, (transfer) => transfer.sizeBytes);
  const storedBytes = sum(counted, (transfer) => transferFraction(transfer) * transfer.sizeBytes);
  const speeds = active.flatMap((transfer) => transfer.bytesPerSecond ?? []);
  const bytesPerSecond = speeds.length === 0 ? null : speeds.reduce((a, b) => a + b, 0);
  const secondsLeft =
    bytesPerSecond === null || bytesPerSecond <= 0 ? null : (sizeBytes - storedBytes) / bytesPerSecond;
  return {
    activeCount: active.length,
    batchCount: counted.length,
    storedBytes,
    sizeBytes,
    fraction: sizeBytes === 0 ? 0 : storedBytes / sizeBytes,
    bytesPerSecond,
    secondsLeft,
  };
}

function sum(transfers: readonly Transfer[], of: (transfer: Transfer) => number): number {
  return transfers.reduce((total, transfer) => total + of(transfer), 0);
}

const ORDER: Readonly<Record<TransferState, number>> = {
  running: 0,
  'needs-file': 1,
  failed: 2,
  queued: 3,
  paused: 4,
  done: 5,
};

/** What moves first, then what waits for the user, then the rest; finished ones newest first. */
export function orderTransfers(transfers: readonly Transfer[]): Transfer[] {
  const position = new Map(transfers.map((transfer, index) => [transfer.id, index]));
  const at = (transfer: Transfer): number => position.get(transfer.id) ?? 0;
  return transfers.toSorted((a, b) => {
    const byState = ORDER[a.state] - ORDER[b.state];
    if (byState !== 0) return byState;
    return a.state === 'done' ? at(b) - at(a) : at(a) - at(b);
  });
}

/** How many are in each state, in the order given; states without any are left out. */
export function countStates(transfers: readonly Transfer[]): ReadonlyMap<TransferState, number> {
  const counts = new Map<TransferState, number>();
  for (const { state } of transfers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** More changes than this in one update are told as a count. */
const MAX_SPOKEN = 3;

/** What a screen reader is told when the transfers change: ends of transfers, and quarters of the whole. */
export function milestones(before: readonly Transfer[], after: readonly Transfer[]): string | null {
  const old = new Map(before.map((transfer) => [transfer.id, transfer]));
  const ended = after.filter((transfer) => {
    const previous = old.get(transfer.id);
    return previous !== undefined && previous.state !== transfer.state && !isActive(transfer);
  });
  const sentences = ended.length > MAX_SPOKEN ? [`${ended.length} uploads ended.`] : ended.map(endSentence);
  const quarter = quarterPassed(before, after);
  if (quarter !== null && ended.length === 0) sentences.push(`Uploads ${quarter} percent done.`);
  return sentences.length === 0 ? null : sentences.join(' ');
}

function endSentence(transfer: Transfer): string {
  switch (transfer.state) {
    case 'done':
      return `${transfer.name} is stored.`;
    case 'failed':
      return `${transfer.name} failed. ${transfer.error === null ? '' : ERROR_HINTS[transfer.error.code]}`.trim();
    case 'paused':
      return `${transfer.name} is paused.`;
    case 'needs-file':
      return `${transfer.name} needs its file again.`;
    case 'queued':
    case 'running':
      return `${transfer.name} goes on.`;
  }
}

function quarterPassed(before: readonly Transfer[], after: readonly Transfer[]): number | null {
  const from = overallProgress(before)?.fraction ?? 0;
  const to = overallProgress(after)?.fraction ?? 0;
  const quarter = Math.floor(to * 4);
  return quarter > Math.floor(from * 4) && quarter < 4 ? quarter * 25 : null;
}
