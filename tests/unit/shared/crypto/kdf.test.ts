import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../../../shared/bytes.ts';
import { BACKENDS } from '../../../../shared/crypto/backend.ts';
import {
  deriveDeleteKey,
  deriveIndexSeed,
  derivePublishSeed,
  hkdfSha256,
} from '../../../../shared/crypto/kdf.ts';
import { createSigner } from '../../../../shared/crypto/sign.ts';
import { codeOf, readVectors } from '../support/vectors.ts';

interface HkdfVectors {
  rfc: { secret: string; salt: string; info: string; length: number; output: string }[];
  vault: {
    secret: string;
    device_id: string;
    publication_id: string;
    delete_key: string;
    publish_seed: string;
    publish_public_key: string;
    index_seed: string;
  }[];
}
const vectors = (await readVectors('hkdf')) as HkdfVectors;

describe.each(BACKENDS)('%s', (backend) => {
  test('RFC 5869 appendix A', async () => {
    for (const { secret, salt, info, length, output } of vectors.rfc) {
      const input = {
        secret: fromHex(secret),
        salt: fromHex(salt),
        info: fromHex(info),
        lengthBytes: length,
      };
      expect(toHex(await hkdfSha256(input, backend))).toBe(output);
    }
  });

  test('agrees with node:crypto', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(
        bytes,
        bytes,
        bytes,
        fc.integer({ min: 1, max: 8160 }),
        async (secret, salt, info, lengthBytes) => {
          const expected = Buffer.from(hkdfSync('sha256', secret, salt, info, lengthBytes)).toString('hex');
          expect(toHex(await hkdfSha256({ secret, salt, info, lengthBytes }, backend))).toBe(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('lengths that RFC 5869 does not give are refused', async () => {
    const input = { secret: new Uint8Array(32), salt: new Uint8Array(), info: new Uint8Array() };
    for (const lengthBytes of [0, -1, 1.5, 8161]) {
      expect(await codeOf(hkdfSha256({ ...input, lengthBytes }, backend))).toBe('BAD_INPUT');
    }
  });

  test('a vault’s keys are those that Python derives', async () => {
    for (const vector of vectors.vault) {
      const secret = fromHex(vector.secret);
      const publishSeed = await derivePublishSeed(secret, fromHex(vector.publication_id), backend);
      expect(toHex(await deriveDeleteKey(secret, fromHex(vector.device_id), backend))).toBe(
        vector.delete_key,
      );
      expect(toHex(publishSeed)).toBe(vector.publish_seed);
      expect(toHex((await createSigner(publishSeed, backend)).publicKey)).toBe(vector.publish_public_key);
      expect(toHex(await deriveIndexSeed(secret, backend))).toBe(vector.index_seed);
    }
  });

  test('labels do not run into each other, and lengths are checked', async () => {
    const secret = new Uint8Array(32).fill(1);
    const id = new Uint8Array(16);
    const keys = [
      await deriveDeleteKey(secret, id, backend),
      await derivePublishSeed(secret, id, backend),
      await deriveIndexSeed(secret, backend),
    ];
    expect(new Set(keys.map(toHex)).size).toBe(3);
    expect(await codeOf(deriveDeleteKey(secret, new Uint8Array(15), backend))).toBe('BAD_INPUT');
    expect(await codeOf(derivePublishSeed(secret, new Uint8Array(17), backend))).toBe('BAD_INPUT');
    expect(await codeOf(deriveIndexSeed(new Uint8Array(31), backend))).toBe('BAD_INPUT');
  });
});
