import { describe, expect, it } from 'vitest';
import { chooseRelays } from '../../../../cli/network/faults.ts';
import type { NetworkNode } from '../../../../cli/network/state.ts';

const pool: NetworkNode[] = [8000, 8001, 8002, 8888].map((port, index) => ({
  name: port === 8888 ? 'web-ui' : `relay-${String(port)}`,
  index: port === 8888 ? null : index,
  pid: 100 + index,
  started: 'then',
  id: 'a'.repeat(64),
  port,
  link: port + 1000,
}));
const names = (...given: string[]): string[] => chooseRelays(pool, given).map(({ name }) => name);

describe('chooseRelays', () => {
  it('takes names and ports, each relay once', () => {
    expect(names('relay-8001', '8000', '8001', 'web-ui')).toEqual(['relay-8001', 'relay-8000', 'web-ui']);
  });

  it('takes so many at random, each once, and never the web UI', () => {
    for (let round = 0; round < 20; round++) {
      const two = names('2');
      expect(new Set(two).size).toBe(2);
      expect(two).not.toContain('web-ui');
    }
    expect(names('3').sort()).toEqual(['relay-8000', 'relay-8001', 'relay-8002']);
  });

  it.each([[[]], [['relay-77']], [['4']], [['0']], [['x']], [['2', '1']], [['8000', 'relay-9']]])(
    'refuses %j',
    (given) => {
      expect(() => chooseRelays(pool, given)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    },
  );
});
