/** What `npm run bench` measures: something of ours beside a reference, in turns, so that a busy machine slows both. */

/** The ratio that a scenario is to reach. */
export interface Bar {
  readonly is: 'at most' | 'at least';
  readonly ratio: number;
}

export interface Scenario {
  /** As `--only` takes it: `cli-upload-random`. */
  readonly name: string;
  readonly title: string;
  /** What the two figures are; the ratio is ours to the reference's. */
  readonly unit: 's' | 'MiB/s' | 'GET/s';
  readonly ours: string;
  readonly reference: string;
  readonly bar: Bar | null;
  /** Throws `Missing` where this machine lacks what the reference needs. */
  prepare(): Promise<Prepared>;
}

/** Ready to be measured any number of times. */
export interface Prepared extends AsyncDisposable {
  measureReference(): Promise<number>;
  measureOurs(): Promise<number>;
  /** Puts things back between two rounds. Not measured. */
  reset?(): Promise<void>;
  /** Figures besides the ratio, such as bytes stored. */
  notes?(): Promise<Readonly<Record<string, number>>>;
}

/** A program that the reference is made with is not on this machine. */
export class Missing extends Error {}
