import { describe, expect, it } from 'vitest';
import { confirmedWords, explainDeletion } from '../../../../web/ui/delete/deletion-words.ts';
import { worksHereOnly } from '../../../../web/ui/share/share-words.ts';
import { deletion } from '../state/fake-engine.ts';

describe('words of sharing and deleting', () => {
  it.each([
    ['http://localhost:8888/#/open/x', true],
    ['http://127.0.0.1:8000/', true],
    ['http://[::1]:8000/', true],
    ['http://192.168.1.4:8888/', false],
    ['https://vault.local/', false],
  ])('%s works on this device alone: %s', (link, expected) => expect(worksHereOnly(link)).toBe(expected));

  it('counts confirmations, and explains what is pending', () => {
    const relays = [
      { relay: 'a', state: 'confirmed' },
      { relay: 'b', state: 'pending' },
    ] as unknown as ReturnType<typeof deletion>['relays'];
    expect(confirmedWords({ relays })).toBe('1 of 2 relays have confirmed');
    expect(confirmedWords({ relays: [] })).toBeNull();
    expect(explainDeletion(deletion({ state: 'pending', relays }))).toMatch(/^One relay is away/);
    expect(explainDeletion(deletion({ state: 'stopped', begun: false }))).toBe('Nothing was deleted.');
    expect(explainDeletion(deletion({ state: 'stopped', begun: true }))).toMatch(/may be gone/);
    expect(explainDeletion(deletion({ state: 'deleted' }))).toBeNull();
  });
});
