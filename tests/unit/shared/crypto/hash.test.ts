import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { toHex } from '../../../../shared/bytes.ts';
import { BACKENDS, defaultBackend } from '../../../../shared/crypto/backend.ts';
import { createSha256, hmacSha256, sha256, sha256Sync } from '../../../../shared/crypto/hash.ts';
import { randomBytes } from '../../../../shared/crypto/random.ts';

const nodeSha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

test('WebCrypto where there is one, noble where there is none', () => {
  expect(defaultBackend()).toBe('webcrypto');
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
  expect(defaultBackend()).toBe('noble');
  vi.unstubAllGlobals();
});

describe.each(BACKENDS)('%s', (backend) => {
  test('SHA-256 and HMAC-SHA256 agree with node:crypto', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        async (data, key) => {
          expect(toHex(await sha256(data, backend))).toBe(nodeSha256(data));
          const expected = createHmac('sha256', key).update(data).digest('hex');
          expect(toHex(await hmacSha256(key, data, backend))).toBe(expected);
        },
      ),
    );
  });
});

test('the synchronous and the incremental hash agree with node:crypto, however the data is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 6 }), (parts) => {
      const hash = createSha256();
      for (const part of parts) hash.update(part);
      const whole = Buffer.concat(parts);
      expect(toHex(hash.digest())).toBe(nodeSha256(whole));
      expect(toHex(sha256Sync(whole))).toBe(nodeSha256(whole));
    }),
  );
});

test('random bytes: the length asked for, never the same, bounded', () => {
  expect(randomBytes(0)).toHaveLength(0);
  expect(randomBytes(65_536)).toHaveLength(65_536);
  expect(toHex(randomBytes(16))).not.toBe(toHex(randomBytes(16)));
  for (const length of [-1, 1.5, 65_537, Number.NaN]) {
    expect(() => randomBytes(length)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  }
});
