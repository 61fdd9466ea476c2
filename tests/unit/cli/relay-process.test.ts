import { describe, expect, it } from 'vitest';
import { toFlags } from '../../../cli/relay-process.ts';

describe('toFlags', () => {
  it('writes flags as the relay takes them, and leaves out what is not given', () => {
    const flags = toFlags({
      port: '8000',
      linkPort: 0,
      join: ['http://a:1', 'http://b:2'],
      capacity: undefined,
      printConfig: true,
    });
    expect(flags).toEqual([
      '--port',
      '8000',
      '--link-port',
      '0',
      '--join',
      'http://a:1',
      '--join',
      'http://b:2',
      '--print-config',
    ]);
  });
});
