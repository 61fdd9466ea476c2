import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { rm, truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { LocalSwarm } from '../../../../cli/adapters/local-swarm.ts';
import { chunkIdFromHash } from '../../../../shared/ids.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { MAX_CHUNK_BYTES } from '../../../../shared/limits.ts';
import { TempFolder } from './temp-folder.ts';

const { signal } = new AbortController();
const sha256 = (...parts: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Bytes of a chunk's size, and their id by the formula of DESIGN §3. */
function someChunk(): { id: ChunkId; chunk: Uint8Array<ArrayBuffer> } {
  const chunk = new Uint8Array(randomBytes(200));
  return { id: chunkIdFromHash(sha256(chunk.subarray(0, 32), sha256(chunk.subarray(32)))), chunk };
}

describe('LocalSwarm', () => {
  it('stores on the nodes named and signs what node:crypto can verify', async () => {
    await using folder = await TempFolder.create();
    const swarm = await LocalSwarm.open({ folder: folder.path, create: true, without: [] });
    const members = await swarm.members(signal);
    expect(members).toHaveLength(10);
    expect(new Set(members.map(({ machine }) => machine)).size).toBe(10);
    const targets = members.slice(2, 4).map(({ id }) => id);
    const { id, chunk } = someChunk();
    const nonce = '0f'.repeat(16);
    const { receipts, failed } = await swarm.put(id, chunk, targets, nonce, signal);
    expect(failed).toEqual([]);
    expect(receipts.map(({ relay }) => relay)).toEqual(targets);
    for (const receipt of receipts) {
      const raw = Buffer.from(receipt.public_key, 'hex');
      expect(sha256(raw).toString('hex')).toBe(receipt.relay);
      const size = Buffer.alloc(8);
      size.writeBigUInt64BE(BigInt(chunk.length));
      const hex = (text: string) => Buffer.from(text, 'hex');
      const message = Buffer.concat([
        Buffer.from('lanvault/1 receipt\0'),
        hex(receipt.relay),
        hex(id),
        size,
        hex(nonce),
      ]);
      const key = createPublicKey({
        key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
        format: 'jwk',
      });
      expect(verify(null, message, key, hex(receipt.signature))).toBe(true);
    }
    for (const holder of [...targets, null]) expect(await swarm.get(id, holder, signal)).toEqual(chunk);
    const other = members[0]?.id ?? null;
    await expect(swarm.get(id, other, signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is the same swarm the next time, without the dead', async () => {
    await using folder = await TempFolder.create();
    const first = await (
      await LocalSwarm.open({ folder: folder.path, create: true, without: [] })
    ).members(signal);
    await rm(folder.join('node_9'), { recursive: true });
    const again = await LocalSwarm.open({
      folder: folder.path,
      create: false,
      without: ['node_3', 'node_3'],
    });
    const left = first.filter(({ machine }) => machine !== 'node_3' && machine !== 'node_9');
    expect(await again.members(signal)).toEqual(left);
    const dead = first.find(({ machine }) => machine === 'node_3')?.id ?? null;
    const { id, chunk } = someChunk();
    await expect(again.get(id, dead, signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const outcome = await again.put(id, chunk, dead === null ? [] : [dead], '00'.repeat(16), signal);
    expect(outcome).toMatchObject({ receipts: [], failed: [{ relay: dead, code: 'UNAVAILABLE' }] });
  });

  it('refuses bytes that are not the chunk’s, and reads no more than a chunk', async () => {
    await using folder = await TempFolder.create();
    const swarm = await LocalSwarm.open({ folder: folder.path, create: true, without: [] });
    const [member] = await swarm.members(signal);
    if (member === undefined) throw new Error('No nodes.');
    const { id, chunk } = someChunk();
    const wrong = swarm.put(id, someChunk().chunk, [member.id], '00'.repeat(16), signal);
    await expect(wrong).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    await swarm.put(id, chunk, [member.id], '00'.repeat(16), signal);
    const path = folder.join(member.machine, 'chunks', id.slice(0, 2), id.slice(2, 4), id);
    await truncate(path, MAX_CHUNK_BYTES + 1);
    await expect(swarm.get(id, member.id, signal)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('says what is wrong when there is no swarm or no such node', async () => {
    await using folder = await TempFolder.create();
    const open = (without: string[], create: boolean) =>
      LocalSwarm.open({ folder: folder.path, create, without });
    await expect(open([], false)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(open(['node_10'], true)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
