import type { LocateStrategy } from './locate/locator.ts';

/** Bounds of the services that no flag sets; a test may tighten them. */
export interface CoreLimits {
  readonly maxConcurrentPuts: number;
  readonly maxConcurrentProxiedGets: number;
  /** Before another holder is asked as well. */
  readonly hedgeMs: number;
  /** Ways to find chunks that are used, in that order; default all. */
  readonly locateBy?: readonly LocateStrategy[];
}
