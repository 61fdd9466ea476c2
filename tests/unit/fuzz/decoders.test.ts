/** A few inputs for every decoder; `npm run fuzz` has a million, and test:long runs it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mutatedBytes } from '../../fuzz/mutate-bytes.ts';
import { mutatedJson } from '../../fuzz/mutate-json.ts';
import { mutatedText } from '../../fuzz/mutate-text.ts';
import { Random } from '../../fuzz/random.ts';
import { fuzz } from '../../fuzz/run.ts';
import { textTarget } from '../../fuzz/target.ts';
import { AllTargets } from '../../fuzz/targets/all-targets.ts';
import { AppError } from '../../../shared/errors.ts';

const SEED = 20_261_124;
const INPUTS = 200;
/** Of one input of the decoders that are to fail. */
const MAX_CPU_MS = 100;

let all: AllTargets;
beforeAll(async () => {
  all = await AllTargets.create();
});
afterAll(async () => {
  await all[Symbol.asyncDispose]();
});

it('gives a value or an AppError for whatever arrives, and takes some of it', async () => {
  const inputs = new Map<string, number>();
  for (const target of all.targets) {
    const count = Math.ceil(INPUTS / (target.cost ?? 1));
    const { accepted } = await fuzz(target, SEED, 0, count);
    inputs.set(target.name, count);
    if (count === INPUTS) expect(accepted, target.name).toBeGreaterThan(0);
  }
  expect(inputs.size, 'two targets have one name').toBe(all.targets.length);
  expect(all.targets.length).toBeGreaterThan(150);
});

describe('a decoder that fails', () => {
  const decoders: readonly [string, (text: string) => unknown][] = [
    ['throws what is no AppError', () => Buffer.alloc(-1)],
    ['fails inside', () => Promise.reject(new AppError('INTERNAL', 'x'))],
    ['is slow', (text) => spin(text)],
  ];
  it.each(decoders)('is found when it %s, with its input', async (_, decode) => {
    const target = textTarget('bad', ['abc'], (text) => (text.length > 3 ? decode(text) : null));
    await expect(fuzz(target, 1, 0, 1000, MAX_CPU_MS)).rejects.toThrow(
      /--target "bad" --seed 1 --input \d+\nInput: "./,
    );
  });
});

it('makes the same inputs of the same seed, and others of another', () => {
  const made = (seed: number): string => {
    const random = new Random(seed);
    const bytes = mutatedBytes(random, [new Uint8Array(50)]);
    return [mutatedText(random, ['text']), mutatedJson(random, [{ a: [1, 'b'] }]), bytes.join()].join('|');
  };
  expect(made(3)).toBe(made(3));
  expect(new Set([1, 2, 3, 4].map(made)).size).toBeGreaterThan(1);
});

/** Until the processor time of one input is used up. */
function spin(text: string): number {
  const begun = process.threadCpuUsage();
  let sum = 0;
  while (process.threadCpuUsage(begun).user < 1000 * MAX_CPU_MS) sum += text.length;
  return sum;
}
