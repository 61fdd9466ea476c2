import { createCipheriv, createHmac, randomBytes as nodeRandom } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase64Url, fromHex, toBase64Url, toHex } from '../../../../shared/bytes.ts';
import { BACKENDS } from '../../../../shared/crypto/backend.ts';
import {
  fernetDecrypt,
  fernetEncrypt,
  fernetEncryptInto,
  fernetTokenLength,
} from '../../../../shared/crypto/fernet.ts';
import { AppError } from '../../../../shared/errors.ts';
import { FERNET_OVERHEAD_BYTES } from '../../../../shared/limits.ts';
import { codeOf, python, readVectors } from '../support/vectors.ts';

interface FernetVectors {
  spec: { secret: string; token: string; iv: string; src: string };
  invalid: { description: string; token: string; plaintext_without_ttl: string | null }[];
  generated: { key: string; iv: string; plaintext: string; token: string }[];
}
const vectors = (await readVectors('fernet')) as FernetVectors;
const secret = fromBase64Url(vectors.spec.secret);

const PYTHON_ENCRYPT = `
import sys, base64
from cryptography.fernet import Fernet
key, iv, text = (bytes.fromhex(a) for a in sys.argv[1:4])
print(base64.urlsafe_b64decode(Fernet(base64.urlsafe_b64encode(key))._encrypt_from_parts(text, 0, iv)).hex())`;
const PYTHON_DECRYPT = `
import sys, base64
from cryptography.fernet import Fernet
key, token = (bytes.fromhex(a) for a in sys.argv[1:3])
print(Fernet(base64.urlsafe_b64encode(key)).decrypt(base64.urlsafe_b64encode(token)).hex())`;

const random = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(nodeRandom(length));

/** Fernet by node:crypto, straight from the specification. */
function nodeFernet(plaintext: Uint8Array, key: Uint8Array, iv: Uint8Array): string {
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16), iv);
  const signed = Buffer.concat([
    Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0]),
    iv,
    cipher.update(plaintext),
    cipher.final(),
  ]);
  return Buffer.concat([signed, createHmac('sha256', key.subarray(0, 16)).update(signed).digest()]).toString(
    'hex',
  );
}

describe.each(BACKENDS)('%s', (backend) => {
  test('makes the tokens that Python makes, for every length around a block', async () => {
    for (const { key, iv, plaintext, token } of vectors.generated) {
      const made = await fernetEncrypt(fromHex(plaintext), fromHex(key), fromHex(iv), backend);
      expect(toHex(made)).toBe(token);
      expect(toHex(await fernetDecrypt(fromHex(token), fromHex(key), backend))).toBe(plaintext);
    }
  });

  test('reads the specification’s token, whose timestamp is not 0', async () => {
    const plaintext = await fernetDecrypt(fromBase64Url(vectors.spec.token), secret, backend);
    expect(new TextDecoder().decode(plaintext)).toBe(vectors.spec.src);
  });

  test('makes the specification’s ciphertext, under timestamp 0', async () => {
    const token = await fernetEncrypt(
      new TextEncoder().encode(vectors.spec.src),
      secret,
      fromHex(vectors.spec.iv),
      backend,
    );
    const spec = fromBase64Url(vectors.spec.token);
    expect(toHex(token.subarray(9, -32))).toBe(toHex(spec.subarray(9, -32)));
    expect(toHex(token.subarray(0, 9))).toBe('800000000000000000');
  });

  test.each(vectors.invalid)('the specification’s invalid token: $description', async (vector) => {
    if (!/^[\w-]*={0,2}$/.test(vector.token)) {
      expect(() => fromBase64Url(vector.token)).toThrow(AppError);
      return;
    }
    const token = fromBase64Url(vector.token);
    if (vector.plaintext_without_ttl === null) {
      expect(await codeOf(fernetDecrypt(token, secret, backend))).toBe('CORRUPT');
    } else {
      expect(toHex(await fernetDecrypt(token, secret, backend))).toBe(vector.plaintext_without_ttl);
    }
  });

  test('agrees with node:crypto for any plaintext', async () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), bytes(32), bytes(16), async (text, key, iv) => {
        expect(toHex(await fernetEncrypt(text, key, iv, backend))).toBe(nodeFernet(text, key, iv));
      }),
      { numRuns: 50 },
    );
  });

  test('every changed bit is noticed', async () => {
    const key = random(32);
    const token = await fernetEncrypt(random(20), key, random(16), backend);
    for (let bit = 0; bit < token.length * 8; bit++) {
      const tampered = token.slice();
      tampered[bit >> 3] = (tampered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await codeOf(fernetDecrypt(tampered, key, backend)), `bit ${bit}`).toBe('CORRUPT');
    }
  });

  test('every truncation and extension is noticed', async () => {
    const key = random(32);
    const token = await fernetEncrypt(random(40), key, random(16), backend);
    for (let length = 0; length < token.length; length++) {
      expect(await codeOf(fernetDecrypt(token.subarray(0, length), key, backend))).toBe('CORRUPT');
      expect(await codeOf(fernetDecrypt(token.subarray(token.length - length), key, backend))).toBe(
        'CORRUPT',
      );
    }
    for (const extra of [1, 15, 16, 32]) {
      const longer = new Uint8Array(token.length + extra);
      longer.set(token);
      expect(await codeOf(fernetDecrypt(longer, key, backend))).toBe('CORRUPT');
    }
  });

  test('swapped ciphertext blocks and another key are noticed', async () => {
    const key = random(32);
    const token = await fernetEncrypt(random(64), key, random(16), backend);
    const swapped = token.slice();
    swapped.set(token.subarray(41, 57), 25);
    swapped.set(token.subarray(25, 41), 41);
    expect(await codeOf(fernetDecrypt(swapped, key, backend))).toBe('CORRUPT');
    expect(await codeOf(fernetDecrypt(token, random(32), backend))).toBe('CORRUPT');
  });

  test('arbitrary bytes are a plaintext or CORRUPT', async () => {
    const key = random(32);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        bytes[0] = 0x80;
        expect(await codeOf(fernetDecrypt(bytes, key, backend))).toBe('CORRUPT');
      }),
      { numRuns: 100 },
    );
  });

  test('Python reads ours and we read Python’s', async () => {
    const [key, iv, text] = [random(32), random(16), random(1000)];
    const ours = await fernetEncrypt(text, key, iv, backend);
    expect(toHex(await python(PYTHON_DECRYPT, toHex(key), toHex(ours)))).toBe(toHex(text));
    const theirs = await python(PYTHON_ENCRYPT, toHex(key), toHex(iv), toHex(text));
    expect(toHex(theirs)).toBe(toHex(ours));
    expect(toHex(await fernetDecrypt(theirs, key, backend))).toBe(toHex(text));
  });

  test('malformed keys, IVs and rooms are refused', async () => {
    const ok = random(32);
    for (const key of [random(0), random(31), random(33)]) {
      expect(await codeOf(fernetEncrypt(random(1), key, random(16), backend))).toBe('BAD_INPUT');
      expect(await codeOf(fernetDecrypt(random(73), key, backend))).toBe('BAD_INPUT');
    }
    for (const iv of [random(15), random(17)]) {
      expect(await codeOf(fernetEncrypt(random(1), ok, iv, backend))).toBe('BAD_INPUT');
    }
    expect(await codeOf(fernetEncryptInto(random(72), random(1), ok, random(16), backend))).toBe('BAD_INPUT');
  });

  test('reads a token that lies inside a larger buffer', async () => {
    const [key, text] = [random(32), random(33)];
    const token = await fernetEncrypt(text, key, random(16), backend);
    const framed = new Uint8Array(token.length + 7);
    framed.set(token, 3);
    const plaintext = await fernetDecrypt(framed.subarray(3, 3 + token.length), key, backend);
    expect(toHex(plaintext)).toBe(toHex(text));
    expect(plaintext.buffer.byteLength).toBe(text.length);
  });
});

test('tokens are as long as the specification says', () => {
  for (const [plaintext, padded] of [
    [0, 16],
    [1, 16],
    [15, 16],
    [16, 32],
    [17, 32],
    [1_048_575, 1_048_576],
    [1_048_576, 1_048_592],
  ] as const) {
    expect(fernetTokenLength(plaintext)).toBe(FERNET_OVERHEAD_BYTES + padded);
  }
});

test('a key reads the same from its base64url form', () => {
  expect(toBase64Url(secret)).toBe(vectors.spec.secret);
});
