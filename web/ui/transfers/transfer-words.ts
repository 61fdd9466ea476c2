/** A transfer's state and figures in words. */
import { formatBytes, formatPercent, formatSpeed } from '../format/bytes.ts';
import { formatDuration } from '../format/duration.ts';
import { transferFraction } from '../../state/transfer-progress.ts';
import type { Transfer, TransferState } from '../../state/engine-types.ts';

const STATE_WORDS: Readonly<Record<Exclude<TransferState, 'running'>, string>> = {
  queued: 'Waiting',
  done: 'Stored',
  failed: 'Failed',
  paused: 'Paused',
  'needs-file': 'Needs the file',
};

/** In counts: "3 waiting". */
const COUNT_WORDS: Readonly<Record<TransferState, string>> = {
  running: 'uploading',
  queued: 'waiting',
  'needs-file': 'without their file',
  failed: 'failed',
  paused: 'paused',
  done: 'stored',
};

/** What goes on with it, in a word or two. */
export function stateWord(transfer: Transfer): string {
  const { state, stages, chunksStored, chunkCount } = transfer;
  if (state !== 'running') return STATE_WORDS[state];
  if (stages === null) return 'Looking for relays';
  if (stages.sending > 0) return 'Sending';
  if (stages.waiting > 0) return 'Waiting for relays';
  if (stages.sealing > 0) return sealingWord(transfer);
  if (stages.checking > 0) return 'Checking';
  return chunksStored < chunkCount ? 'Reading' : 'Finishing';
}

/** Blocks that will not shrink are not compressed; which those are is found out on the way. */
function sealingWord({ mode }: Transfer): string {
  return mode === 'none' ? 'Encrypting' : 'Compressing and encrypting';
}

export interface StageStep {
  readonly label: string;
  /** "2", or "3/40". */
  readonly count: string;
  /** Something is in this stage now. */
  readonly active: boolean;
  /** What keeps it from going on is not this device. */
  readonly warn: boolean;
}

/** How many parts of a running upload are in each stage; nothing while that is unknown, or for a file of one part. */
export function stageSteps(transfer: Transfer): StageStep[] {
  const { stages, chunksStored, chunkCount } = transfer;
  if (stages === null || chunkCount < 2) return [];
  const step = (label: string, blocks: number, warn = false): StageStep => ({
    label,
    count: blocks.toLocaleString(),
    active: blocks > 0,
    warn,
  });
  return [
    ...(stages.checking > 0 ? [step('Check what is stored', stages.checking)] : []),
    step(transfer.mode === 'none' ? 'Encrypt' : 'Compress, encrypt', stages.sealing),
    step('Send', stages.sending),
    ...(stages.waiting > 0 ? [step('Wait for relays', stages.waiting, true)] : []),
    {
      label: 'Stored',
      count: `${chunksStored.toLocaleString()}/${chunkCount.toLocaleString()}`,
      active: false,
      warn: false,
    },
  ];
}

/** "1 uploading · 997 waiting", in the order given. */
export function countWords(counts: ReadonlyMap<TransferState, number>): string {
  return Array.from(counts, ([state, count]) => `${count.toLocaleString()} ${COUNT_WORDS[state]}`).join(
    ' · ',
  );
}

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
    case 'paused':
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
