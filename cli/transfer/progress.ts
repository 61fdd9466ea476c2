/** A progress bar with speed and time left, on a terminal only. */
import { SingleBar } from 'cli-progress';
import { safeName } from '../../shared/safe-name.ts';
import { formatBytes, formatSeconds } from '../text.ts';

export interface Progress {
  /** Bytes done so far, of the total. */
  update(doneBytes: number): void;
  stop(): void;
}

export interface ProgressOptions {
  readonly label: string;
  readonly totalBytes: number;
  /** Done before this run began; they do not count as speed. */
  readonly startBytes?: number;
  readonly visible: boolean;
  /** What is counted; bytes unless told. */
  readonly unit?: 'chunks';
}

const MAX_LABEL_CHARS = 32;
/** Weight of the latest second in the speed: smooth, yet it follows a change within seconds. */
const SMOOTHING_MS = 5_000;

export function createProgress(options: ProgressOptions): Progress {
  if (!options.visible) return { update: () => undefined, stop: () => undefined };
  const { totalBytes, startBytes = 0, unit } = options;
  const amount = (done: number): string =>
    unit === undefined ? formatBytes(done) : `${Math.round(done)} ${unit}`;
  const speed = new Speedometer(() => performance.now(), startBytes);
  const bar = new SingleBar({
    format: '{label} [{bar}] {percentage}% {done} of {total_text}, {speed}, {left}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    barsize: 24,
  });
  const payload = (doneBytes: number) => {
    const rate = speed.bytesPerSecond;
    return {
      label: shorten(safeName(options.label)),
      done: amount(doneBytes),
      total_text: amount(totalBytes),
      speed: rate === null ? '…' : `${amount(rate)}/s`,
      left: rate === null || rate === 0 ? '…' : `${formatSeconds((totalBytes - doneBytes) / rate)} left`,
    };
  };
  bar.start(totalBytes, startBytes, payload(startBytes));
  return {
    update: (doneBytes) => {
      speed.add(doneBytes);
      bar.update(doneBytes, payload(doneBytes));
    },
    stop: () => bar.stop(),
  };
}

/** Bytes a second, smoothed exponentially over time. */
export class Speedometer {
  readonly #now: () => number;
  #lastMs: number;
  #lastBytes: number;
  #rate: number | null = null;

  constructor(now: () => number, startBytes = 0) {
    this.#now = now;
    this.#lastMs = now();
    this.#lastBytes = startBytes;
  }

  /** Null before anything has been measured. */
  get bytesPerSecond(): number | null {
    return this.#rate;
  }

  /** The total so far; it never falls. */
  add(totalBytes: number): void {
    const elapsedMs = this.#now() - this.#lastMs;
    if (elapsedMs <= 0) return;
    const rate = ((totalBytes - this.#lastBytes) * 1000) / elapsedMs;
    const weight = 1 - Math.exp(-elapsedMs / SMOOTHING_MS);
    this.#rate = this.#rate === null ? rate : this.#rate + weight * (rate - this.#rate);
    this.#lastMs += elapsedMs;
    this.#lastBytes = totalBytes;
  }
}

function shorten(text: string): string {
  const chars = Array.from(text);
  return chars.length <= MAX_LABEL_CHARS ? text : `…${chars.slice(1 - MAX_LABEL_CHARS).join('')}`;
}
