import { describe, expect, it } from 'vitest';
import {
  integerBetween,
  parsePort,
  parsePortOrZero,
  parseRelayUrl,
  repeatable,
} from '../../../cli/option-parsers.ts';

describe('option parsers', () => {
  it.each(['', ' 5', '5 ', '-1', '1.5', '1e3', '0x10', 'ten', '11', '99999999999999999999'])(
    'refuse %j as a number up to 10',
    (text) => expect(() => integerBetween(0, 10)(text)).toThrow('whole number from 0 to 10'),
  );

  it('take numbers in their range', () => {
    expect(integerBetween(1, 5)('5')).toBe(5);
    expect(parsePort('65535')).toBe(65_535);
    expect(() => parsePort('0')).toThrow();
    expect(() => parsePort('65536')).toThrow();
    expect(parsePortOrZero('0')).toBe(0);
  });

  it('take relays with and without a scheme', () => {
    expect(parseRelayUrl('http://10.0.0.5:8000/')).toBe('http://10.0.0.5:8000');
    expect(parseRelayUrl('nas.local:8000')).toBe('http://nas.local:8000');
    expect(parseRelayUrl('http://[::1]:8000')).toBe('http://[::1]:8000');
  });

  it.each([
    'ftp://a',
    'http://',
    'http://a/path',
    'http://a/?q',
    'file:///etc/passwd',
    'http://a b',
    'http://u:p@a',
  ])('refuse %j as a relay', (text) => expect(() => parseRelayUrl(text)).toThrow('http://HOST:PORT'));

  it('collect repeated options', () => {
    const collect = repeatable(parsePort);
    expect(collect('2', collect('1'))).toEqual([1, 2]);
  });
});
