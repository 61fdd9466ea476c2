/** What is fuzzed: a decoder, and how inputs for it are made out of valid ones. */
import { utf8 } from '../../shared/bytes.ts';
import type { Bytes } from '../../shared/bytes.ts';
import { mutatedBytes } from './mutate-bytes.ts';
import { mutatedJson } from './mutate-json.ts';
import type { JsonSample } from './mutate-json.ts';
import { mutatedText } from './mutate-text.ts';
import type { Random } from './random.ts';

export type Input = Bytes | string;

export interface Target {
  readonly name: string;
  /** Decodes one mutated input: whatever comes of it is fine, and so is an `AppError`. */
  readonly run: (random: Random) => Prepared;
  /** Inputs that are as dear as that many others: disk, or a whole relay. Default 1. */
  readonly cost?: number;
}

export interface Prepared {
  readonly input: Input;
  readonly decode: () => unknown;
}

interface Options {
  readonly cost?: number;
}

/** Share of inputs that are a valid sample: the decoder must still take one after all the others. */
const VALID = 0.02;

export function bytesTarget(
  name: string,
  samples: readonly Bytes[],
  decode: (bytes: Bytes, random: Random) => unknown,
  options: Options = {},
): Target {
  return target(
    name,
    options,
    (random) => (random.chance(VALID) ? random.pick(samples) : mutatedBytes(random, samples)),
    decode,
  );
}

export function textTarget(
  name: string,
  samples: readonly string[],
  decode: (text: string, random: Random) => unknown,
  options: Options = {},
): Target {
  return target(
    name,
    options,
    (random) => (random.chance(VALID) ? random.pick(samples) : mutatedText(random, samples)),
    decode,
  );
}

/** For decoders that get JSON as text. */
export function jsonTextTarget(
  name: string,
  samples: readonly JsonSample[],
  decode: (text: string, random: Random) => unknown,
  options: Options = {},
): Target {
  return target(name, options, (random) => mutatedJson(random, samples), decode);
}

/** For decoders that get JSON as bytes, which need not be UTF-8. */
export function jsonBytesTarget(
  name: string,
  samples: readonly JsonSample[],
  decode: (bytes: Bytes, random: Random) => unknown,
  options: Options = {},
): Target {
  const make = (random: Random): Bytes => {
    const bytes = utf8(mutatedJson(random, samples));
    return random.chance(0.1) ? mutatedBytes(random, [bytes]) : bytes;
  };
  return target(name, options, make, decode);
}

/** For decoders that get values which were JSON; texts that are none make no input. */
export function jsonValueTarget(
  name: string,
  samples: readonly JsonSample[],
  decode: (value: unknown, random: Random) => unknown,
  options: Options = {},
): Target {
  return jsonTextTarget(
    name,
    samples,
    (text, random) => {
      const value = parsed(text);
      return value === undefined ? undefined : decode(value, random);
    },
    options,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function target<I extends Input>(
  name: string,
  { cost = 1 }: Options,
  make: (random: Random) => I,
  decode: (input: I, random: Random) => unknown,
): Target {
  return {
    name,
    cost,
    run: (random) => {
      const input = make(random);
      return { input, decode: () => decode(input, random) };
    },
  };
}
