import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { exitStatusOf as relayExitStatusOf } from '../../../relay/exit-status.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { EXIT_CODES, exitCodeHelp, exitStatusOf } from '../../../cli/exit-codes.ts';

describe('exit codes', () => {
  it('are documented as they are', async () => {
    const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\|\s*(\d+)\s*\|\s*(.+?)\s*\|$/gm)].map(([, status, meaning]) => ({
      status: Number(status),
      meaning,
    }));
    expect(rows).toEqual(Object.values(EXIT_CODES));
  });

  it('are all in --help, each number once', () => {
    const statuses = Object.values(EXIT_CODES).map(({ status }) => status);
    expect(new Set(statuses).size).toBe(statuses.length);
    for (const { status, meaning } of Object.values(EXIT_CODES)) {
      expect(exitCodeHelp()).toMatch(new RegExp(`^ +${status}  ${meaning.replaceAll('.', '\\.')}$`, 'm'));
    }
  });

  it('are those of the relay process too', () => {
    const codes: ErrorCode[] = [
      'BAD_INPUT',
      'UNSUPPORTED',
      'UNAVAILABLE',
      'CORRUPT',
      'IO',
      'NO_SPACE',
      'CONFLICT',
    ];
    for (const code of [...codes, 'ABORTED', 'INTERNAL'] as const)
      expect(relayExitStatusOf(code)).toBe(exitStatusOf(code));
  });

  it('tell apart what a script would handle differently', () => {
    expect(exitStatusOf('BAD_INPUT')).toBe(2);
    expect(exitStatusOf('FORBIDDEN')).toBe(9);
    expect(exitStatusOf('NOT_ENOUGH_RELAYS')).toBe(4);
    expect(exitStatusOf('UNAVAILABLE')).toBe(4);
    expect(exitStatusOf('CHUNK_LOST')).toBe(5);
    expect(exitStatusOf('CORRUPT')).toBe(5);
    expect(exitStatusOf('NO_SPACE')).toBe(6);
    expect(exitStatusOf('IO')).toBe(6);
    expect(exitStatusOf('FILE_CHANGED')).toBe(7);
    expect(exitStatusOf('ABORTED')).toBe(130);
  });
});
