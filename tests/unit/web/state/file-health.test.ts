import { describe, expect, it } from 'vitest';
import { fileHealth } from '../../../../web/state/file-health.ts';

describe('fileHealth', () => {
  it.each([
    [5, 'good', '5 of 5'],
    [7, 'good', '5 of 5'],
    [4, 'degraded', '4 of 5'],
    [1, 'degraded', '1 of 5'],
    [0, 'degraded', '0 of 5'],
  ] as const)('%i copies: %s, %s', (copies, level, label) => {
    expect(fileHealth(copies)).toMatchObject({ level, label, copies: Math.min(copies, 5) });
  });

  it('claims nothing about imported files', () => {
    expect(fileHealth(null)).toMatchObject({ level: 'unknown', copies: 0 });
  });

  it('says how many losses a degraded file survives, and what to do', () => {
    expect(fileHealth(3).explanation).toMatch(/loss of 2 relays.*upload the file again/);
    expect(fileHealth(2).explanation).toContain('loss of one relay.');
    expect(fileHealth(1).explanation).toContain('the file is lost');
  });
});
