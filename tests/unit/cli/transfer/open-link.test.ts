import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { LocalSwarm } from '../../../../cli/adapters/local-swarm.ts';
import { isLink, openLink } from '../../../../cli/transfer/open-link.ts';
import { loadXz } from '../../../../shared/codec/xz.ts';
import { storeManifest } from '../../../../shared/format/capability-manifest.ts';
import { sealPayload } from '../../../../shared/format/capability-payload.ts';
import { formatLink, formatWebFragment } from '../../../../shared/format/capability.ts';
import { ChunkTable } from '../../../../shared/format/manifest.ts';
import { MerkleBuilder } from '../../../../shared/format/merkle.ts';
import { placementOrder } from '../../../../shared/placement/placement.ts';
import { TempFolder } from '../adapters/temp-folder.ts';

const { signal } = new AbortController();
const wasm = createRequire(import.meta.url).resolve('node-liblzma/wasm/liblzma.wasm');

describe('openLink', () => {
  it('finds the manifest past garbage, and says so when nothing is left', async () => {
    await using folder = await TempFolder.create();
    const swarm = await LocalSwarm.open({ folder: folder.path, create: true, without: [] });
    const members = await swarm.members(signal);
    const xz = await loadXz(new Uint8Array(await readFile(wasm)));
    const header = {
      filename: 'a.txt',
      type: 'text/plain',
      size: 0,
      created: '2026-11-23T05:00:00Z',
      key: new Uint8Array(32).fill(7),
      merkleRoot: new MerkleBuilder().root(),
    };
    const paths: string[] = [];
    const link = await storeManifest({ header, rows: new ChunkTable() }, async (payload) => {
      const sealed = await sealPayload(payload, new Uint8Array(32), xz);
      const holders = placementOrder(sealed.id, members).slice(0, 5);
      const targets = holders.map(({ id }) => id);
      await swarm.put(sealed.id, sealed.chunk, targets, '00'.repeat(16), signal);
      const { id } = sealed;
      paths.push(
        ...holders.map(({ machine }) => folder.join(machine, 'chunks', id.slice(0, 2), id.slice(2, 4), id)),
      );
      return sealed.link;
    });
    expect(paths).toHaveLength(5);
    for (const path of paths.slice(0, 4)) await writeFile(path, 'garbage');
    expect((await openLink(formatLink(link), swarm, signal)).header).toEqual(header);
    const web = `http://localhost:8888/${formatWebFragment(link)}`;
    expect((await openLink(web, swarm, signal)).header).toEqual(header);
    await writeFile(paths[4] ?? '', 'garbage');
    await expect(openLink(formatLink(link), swarm, signal)).rejects.toMatchObject({ code: 'CHUNK_LOST' });
    await expect(openLink('lanvault:nonsense', swarm, signal)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('tells links from paths', () => {
    expect(isLink('lanvault:x')).toBe(true);
    expect(isLink('http://localhost:8888/#/open/x')).toBe(true);
    expect(isLink('manifests/a.manifest')).toBe(false);
  });
});
