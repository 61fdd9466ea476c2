import { describe, expect, it } from 'vitest';
import { checkedHealth, fileHealth } from '../../../../web/state/file-health.ts';
import { liveCheck } from '../../../../web/state/live-check.ts';
import { distributionOf } from '../../shared/engine/distributions.ts';

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
    expect(fileHealth(3).explanation).toMatch(/loss of 2 relays.*make the missing copies by themselves/);
    expect(fileHealth(2).explanation).toContain('loss of one relay.');
    expect(fileHealth(1).explanation).toContain('the file is lost');
  });
});

describe('checkedHealth', () => {
  const health = (...parts: Parameters<typeof distributionOf>) =>
    checkedHealth(liveCheck(distributionOf(...parts)));
  const FIVE = [0, 1, 2, 3, 4];

  it('says which losses a file survives, by relays and by machines', () => {
    expect(health([FIVE, [1, 2, 3, 4, 5]], [2, 2, 2])).toEqual({
      level: 'good',
      copies: 5,
      label: '5 of 5',
      explanation: 'Survives any 4 relays or any 2 machines failing.',
    });
    expect(health([FIVE], [3, 2]).explanation).toBe('Survives any 4 relays or any 1 machine failing.');
  });

  it('warns when all copies are on one machine', () => {
    expect(health([FIVE], [5])).toMatchObject({
      level: 'good',
      explanation:
        'Survives any 4 relays failing, but not any machine: all copies of some parts are on the same one. Run relays on other machines as well.',
    });
  });

  it('counts what lacks copies, and says what to do', () => {
    expect(health([FIVE, [0, 1]])).toMatchObject({ level: 'degraded', label: '2 of 5' });
    expect(health([FIVE, [0, 1]]).explanation).toBe(
      'Survives any 1 relay or any 1 machine failing. 1 of 2 parts is on fewer than 5 relays. Keep 5 or more relays running: they make the missing copies by themselves.',
    );
    expect(health([[0]]).explanation).toMatch(
      /^If one relay fails, parts of it may be lost. Its only part is on fewer than 5 relays./,
    );
  });

  it('says what is on no relay', () => {
    expect(health([FIVE, []])).toMatchObject({
      level: 'lost',
      copies: 0,
      explanation: '1 of 2 parts is on no relay that answers: switch on the machines that hold the file.',
    });
    expect(health([[], []]).explanation).toMatch(/^All of its parts are on no relay/);
  });

  it('admits what it does not know', () => {
    const distribution = { ...distributionOf([FIVE, FIVE]), chunkCount: 9000, silent: 2 };
    expect(checkedHealth(liveCheck(distribution)).explanation).toMatch(
      /2 relays did not answer in time: there may be more copies. 2 of its 9,000 parts were looked at.$/,
    );
    expect(checkedHealth(liveCheck(distributionOf([]))).explanation).toMatch(/empty/);
  });
});
