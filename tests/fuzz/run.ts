/** Runs targets with seeded inputs and tells which input broke one. */
import { AppError } from '../../shared/errors.ts';
import { Random, inputSeed } from './random.ts';
import type { Input, Target } from './target.ts';

/**
 * Processor time of one input, counted by the system and not by a clock that runs on while others work: inputs are 256 KiB at
 * most, and decoders take a few milliseconds for those.
 */
const MAX_CPU_MS = 2000;
const MAX_SHOWN_CHARS = 600;

export interface Outcome {
  readonly inputs: number;
  /** Those that were taken; the others were refused with an `AppError`. */
  readonly accepted: number;
  /** Processor time of the dearest input. */
  readonly slowestMs: number;
}

/** Runs inputs `from` to `to` − 1 of a target. Throws an error with the input, and how to run it again. */
export async function fuzz(
  target: Target,
  seed: number,
  from: number,
  to: number,
  maxCpuMs = MAX_CPU_MS,
): Promise<Outcome> {
  let accepted = 0;
  let slowestMs = 0;
  for (let index = from; index < to; index++) {
    const { input, decode } = target.run(new Random(inputSeed(seed, target.name, index)));
    const again = `npm run fuzz -- --target "${target.name}" --seed ${String(seed)} --input ${String(index)}`;
    const before = process.threadCpuUsage();
    try {
      await decode();
      accepted++;
    } catch (cause) {
      if (!(cause instanceof AppError))
        throw new Error(
          `${target.name} threw what is no AppError.\nAgain: ${again}\nInput: ${shown(input)}`,
          { cause },
        );
      if (cause.code === 'INTERNAL')
        throw new Error(`${target.name} failed inside.\nAgain: ${again}\nInput: ${shown(input)}`, { cause });
    }
    const { user, system } = process.threadCpuUsage(before);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
    if (slowestMs > maxCpuMs)
      throw new Error(
        `${target.name} took ${slowestMs.toFixed(0)} ms of processor time.\nAgain: ${again}\nInput: ${shown(input)}`,
      );
  }
  return { inputs: to - from, accepted, slowestMs };
}

function shown(input: Input): string {
  const text = typeof input === 'string' ? JSON.stringify(input) : `0x${Buffer.from(input).toString('hex')}`;
  const rest = text.length - MAX_SHOWN_CHARS;
  return rest <= 0 ? text : `${text.slice(0, MAX_SHOWN_CHARS)}… and ${String(rest)} more characters`;
}
