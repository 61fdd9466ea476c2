import { describe, expect, it } from 'vitest';
import { SpeedEstimator } from '../../../../../web/engine/uploads/speed-estimator.ts';

const MIB = 2 ** 20;

/** One update every `stepMs`, from 0 to `untilMs`, at a constant speed. */
function run(
  estimator: SpeedEstimator,
  fromMs: number,
  untilMs: number,
  bytesPerMs: number,
  startBytes = 0,
): number {
  let bytes = startBytes;
  for (let now = fromMs + 100; now <= untilMs; now += 100) {
    bytes += bytesPerMs * 100;
    estimator.update(now, bytes);
  }
  return bytes;
}

describe('SpeedEstimator', () => {
  it('knows nothing at first', () => {
    const estimator = new SpeedEstimator(0);
    estimator.update(500, 8 * MIB);
    expect(estimator.bytesPerSecond()).toBeNull();
    expect(estimator.secondsLeft(MIB)).toBeNull();
  });

  it('is exact for a constant speed from the first figure on', () => {
    const estimator = new SpeedEstimator(0);
    run(estimator, 0, 1_000, 1000);
    expect(estimator.bytesPerSecond()).toBeCloseTo(1_000_000, -2);
    run(estimator, 1_000, 60_000, 1000, 1_000_000);
    expect(estimator.bytesPerSecond()).toBeCloseTo(1_000_000, -2);
    expect(estimator.secondsLeft(4_500_000)).toBe(5);
  });

  it('does not depend on when the clock and the count began', () => {
    const estimator = new SpeedEstimator(5_000_000, 100 * MIB);
    run(estimator, 5_000_000, 5_003_000, 500, 100 * MIB);
    expect(estimator.bytesPerSecond()).toBeCloseTo(500_000, -2);
  });

  it('follows a change within seconds, without jumping', () => {
    const estimator = new SpeedEstimator(0);
    const bytes = run(estimator, 0, 30_000, 1000);
    const after1s = run(estimator, 30_000, 31_000, 100, bytes);
    expect(estimator.bytesPerSecond()).toBeGreaterThan(700_000);
    run(estimator, 31_000, 50_000, 100, after1s);
    expect(estimator.bytesPerSecond()).toBeLessThan(130_000);
  });

  it('falls during a stall, and then has no time left to tell', () => {
    const estimator = new SpeedEstimator(0);
    const bytes = run(estimator, 0, 10_000, 1000);
    estimator.update(20_000, bytes);
    expect(estimator.bytesPerSecond()).toBeLessThan(200_000);
    estimator.update(200_000, bytes);
    expect(estimator.secondsLeft(MIB)).toBeNull();
  });

  it('has nothing left when all is stored', () => {
    expect(new SpeedEstimator(0).secondsLeft(0)).toBe(0);
  });
});
