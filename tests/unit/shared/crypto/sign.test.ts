import { createPrivateKey, sign as nodeSign } from 'node:crypto';
import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { fromHex, toHex } from '../../../../shared/bytes.ts';
import { BACKENDS } from '../../../../shared/crypto/backend.ts';
import { createSigner, verifySignature } from '../../../../shared/crypto/sign.ts';
import { codeOf, readVectors } from '../support/vectors.ts';

interface Ed25519Vector {
  seed: string;
  public_key: string;
  message: string;
  signature: string;
}
type Signed = Omit<Ed25519Vector, 'seed'>;
const { vectors, malleable, unreduced, small_order } = (await readVectors('ed25519')) as {
  vectors: Ed25519Vector[];
  malleable: Signed;
  unreduced: Signed;
  small_order: Signed;
};

function nodeSignature(seed: Uint8Array, message: Uint8Array): string {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return nodeSign(null, message, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).toString(
    'hex',
  );
}

describe.each(BACKENDS)('%s', (backend) => {
  const verify = (vector: Signed): Promise<boolean> =>
    verifySignature(fromHex(vector.public_key), fromHex(vector.message), fromHex(vector.signature), backend);

  test('RFC 8032 section 7.1', async () => {
    for (const vector of vectors) {
      const signer = await createSigner(fromHex(vector.seed), backend);
      expect(toHex(signer.publicKey)).toBe(vector.public_key);
      expect(toHex(await signer.sign(fromHex(vector.message)))).toBe(vector.signature);
      expect(await verify(vector)).toBe(true);
    }
  });

  test('agrees with node:crypto', async () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    await fc.assert(
      fc.asyncProperty(seeds, fc.uint8Array({ maxLength: 100 }), async (seed, message) => {
        const signer = await createSigner(seed, backend);
        expect(toHex(await signer.sign(message))).toBe(nodeSignature(seed, message));
      }),
      { numRuns: 20 },
    );
  });

  test('every changed bit of signature, key and message is noticed', async () => {
    const vector = vectors[2];
    if (vector === undefined) throw new Error('The vectors are incomplete.');
    for (const part of ['public_key', 'message', 'signature'] as const) {
      const bytes = fromHex(vector[part]);
      for (let i = 0; i < bytes.length; i++) {
        const changed = bytes.slice();
        changed[i] = (changed[i] ?? 0) ^ 1;
        expect(await verify({ ...vector, [part]: toHex(changed) }), `${part} ${i}`).toBe(false);
      }
    }
  });

  test('one signature a message: a malleable one is refused', async () => {
    expect(await verify(malleable)).toBe(false);
  });

  test('an encoding that is not reduced is refused, in the signature and in the key', async () => {
    expect(await verify(unreduced)).toBe(false);
    for (const first of ['ed', 'ee', 'ef', 'f0', 'ff']) {
      for (const last of ['7f', 'ff']) {
        expect(await verify({ ...small_order, public_key: `${first}${'ff'.repeat(30)}${last}` })).toBe(false);
      }
    }
  });

  test('keys of small order, for which anyone can sign, are refused', async () => {
    expect(await verify(small_order)).toBe(false);
    expect(await verify({ ...small_order, message: 'af82' })).toBe(false);
    const impossibleSign = `01${'00'.repeat(30)}80`;
    expect(await verify({ ...small_order, public_key: impossibleSign })).toBe(false);
  });

  test('weak keys are refused where the platform takes them, as Chromium does', async () => {
    const platform = vi.spyOn(crypto.subtle, 'verify').mockResolvedValue(true);
    try {
      const weak = [
        small_order.public_key,
        ...ED25519_TORSION_SUBGROUP,
        `01${'00'.repeat(30)}80`,
        `ec${'ff'.repeat(31)}`,
        `ee${'ff'.repeat(30)}7f`,
        `ff${'ff'.repeat(30)}ff`,
      ];
      for (const key of weak) expect(await verify({ ...small_order, public_key: key }), key).toBe(false);
      expect(platform).not.toHaveBeenCalled();
    } finally {
      platform.mockRestore();
    }
  });

  test('malformed keys and signatures are false, malformed seeds an error', async () => {
    const [vector] = vectors;
    if (vector === undefined) throw new Error('The vectors are incomplete.');
    expect(await verify({ ...vector, public_key: vector.public_key.slice(2) })).toBe(false);
    expect(await verify({ ...vector, signature: `${vector.signature}00` })).toBe(false);
    expect(await verify({ ...vector, signature: '' })).toBe(false);
    expect(await codeOf(createSigner(new Uint8Array(31), backend))).toBe('BAD_INPUT');
  });

  test('arbitrary bytes are no signature, and no error', async () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length });
    await fc.assert(
      fc.asyncProperty(bytes(32), bytes(64), async (key, signature) => {
        expect(await verifySignature(key, new Uint8Array([1]), signature, backend)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
