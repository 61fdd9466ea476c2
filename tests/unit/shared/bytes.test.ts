import { expect, it } from 'vitest';
import { fromBase64Url, toBase64Url } from '../../../shared/bytes.ts';
import { MIB } from '../../../shared/limits.ts';

it('writes base64url as Node does, with padding and without, however long', () => {
  for (const size of [0, 1, 2, 3, 57, MIB]) {
    const bytes = new Uint8Array(size).map((_, index) => index * 31);
    const bare = Buffer.from(bytes).toString('base64url');
    // Compared as a whole: a difference of a megabyte is no message for anybody.
    expect(toBase64Url(bytes, { padding: false }) === bare, `${String(size)} bytes`).toBe(true);
    expect(toBase64Url(bytes) === bare + '='.repeat((4 - (bare.length % 4)) % 4)).toBe(true);
    expect(Buffer.from(fromBase64Url(bare)).equals(bytes)).toBe(true);
  }
});
