/** Option values, checked where they enter. Each throws `InvalidArgumentError`, which commander reports in a line. */
import { InvalidArgumentError } from 'commander';

export function integerBetween(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Give a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

export const parsePort = integerBetween(1, 65_535);
/** 0 lets the system choose, or switches a feature off. */
export const parsePortOrZero = integerBetween(0, 65_535);

/** The base URL of a relay, without a trailing slash. */
export function parseRelayUrl(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  // Anything besides scheme, host and port would be left out in silence.
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.href !== `${url.origin}/`) {
    throw new InvalidArgumentError('Give a relay as http://HOST:PORT.');
  }
  return url.origin;
}

/** Makes an option repeatable: each value is parsed and added to those before. */
export function repeatable<T>(parse: (text: string) => T): (text: string, previous?: readonly T[]) => T[] {
  return (text, previous = []) => [...previous, parse(text)];
}
