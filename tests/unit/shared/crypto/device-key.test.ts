import { describe, expect, it } from 'vitest';
import { createDeviceKey, unwrapSecret, wrapSecret } from '../../../../shared/crypto/device-key.ts';

const secret = new Uint8Array(32).fill(7);

describe('device keys', () => {
  it('give a secret back under its own key and context only', async () => {
    const key = await createDeviceKey();
    const wrapped = await wrapSecret(secret, key, 'file 1');
    expect(await unwrapSecret(wrapped, key, 'file 1')).toEqual(secret);
    await expect(unwrapSecret(wrapped, key, 'file 2')).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect(unwrapSecret(wrapped, await createDeviceKey(), 'file 1')).rejects.toMatchObject({
      code: 'CORRUPT',
    });
  });

  it('are AES-256-GCM with 96-bit IVs, as any other implementation computes it', async () => {
    const key = await createDeviceKey();
    expect(key.algorithm).toEqual({ name: 'AES-GCM', length: 256 });
    const { iv, data } = await wrapSecret(secret, key, 'c');
    expect(iv).toHaveLength(12);
    expect(data).toHaveLength(32 + 16);
    const additionalData = Buffer.from('c');
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, data);
    expect(new Uint8Array(plain)).toEqual(secret);
  });

  it('cannot be read out, but can be stored', async () => {
    const key = await createDeviceKey();
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
    const wrapped = await wrapSecret(secret, key, 'c');
    expect(await unwrapSecret(structuredClone(wrapped), structuredClone(key), 'c')).toEqual(secret);
  });

  it('never wrap twice alike, and notice every changed bit', async () => {
    const key = await createDeviceKey();
    const wrapped = await wrapSecret(secret, key, 'c');
    expect((await wrapSecret(secret, key, 'c')).data).not.toEqual(wrapped.data);
    for (let bit = 0; bit < wrapped.data.length * 8; bit += 13) {
      const data = wrapped.data.slice();
      data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(unwrapSecret({ ...wrapped, data }, key, 'c')).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });
});
