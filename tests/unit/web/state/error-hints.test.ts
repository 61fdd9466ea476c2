import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isErrorCode } from '../../../../shared/errors.ts';
import { ERROR_HINTS } from '../../../../web/state/error-hints.ts';

/** The codes as they stand in the source, so that a new one cannot be forgotten here. */
const source = readFileSync(new URL('../../../../shared/errors.ts', import.meta.url), 'utf8');
const codes = Array.from(source.matchAll(/^ {2}([A-Z_]+): \{ status/gm), (match) => match[1] ?? '');

describe('ERROR_HINTS', () => {
  it('reads the codes from the source', () => {
    expect(codes.length).toBeGreaterThan(15);
    expect(codes.every(isErrorCode)).toBe(true);
  });

  it('has a hint for every code, and for nothing else', () => {
    expect(Object.keys(ERROR_HINTS).sort()).toEqual([...codes].sort());
  });

  it('says what to do in whole sentences', () => {
    for (const hint of Object.values(ERROR_HINTS)) expect(hint).toMatch(/^[A-Z].{20,}\.$/);
  });
});
