/** A network that falls apart: two hosts with three relays each, and each side a swarm of its own until it is mended. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import type { RelayId } from '../../shared/ids.ts';
import type { Member } from '../../shared/placement/member.ts';
import { holdersOf } from '../../shared/placement/placement.ts';
import { DELETE_HEADER } from '../../shared/protocol/deletion-routes.ts';
import { HEADER, PeersPage, PutAnswer } from '../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { Lan } from '../helpers/netns.ts';
import type { RelayProcess } from '../helpers/relays.ts';
import { holdersOfAll } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';
import { idOfChunk, ownedChunk } from '../helpers/virtual-chunk.ts';
import type { OwnedChunk } from '../helpers/virtual-chunk.ts';

const NONCE = '000102030405060708090a0b0c0d0e0f';
const CONVERGED_MS = 90_000;

const newChunk = (): OwnedChunk => ownedChunk(Math.random, 20_000);

/** The relays that `relay` lists, as placement wants them. */
async function membersAt(lan: Lan, relay: RelayProcess): Promise<Member[]> {
  const { body } = await lan.hostOf(relay).fetch(relay, '/peers');
  const { peers } = parseJsonWith(PeersPage, body.toString(), 'The peers');
  return peers.map((peer) => ({ ...peer, id: peer.id as RelayId }));
}

/** Stores the chunk where a client that asks `relay` would; gives the number of receipts. */
async function put(lan: Lan, relay: RelayProcess, { id, bytes }: OwnedChunk): Promise<number> {
  const holders = holdersOf(id, await membersAt(lan, relay));
  const answer = await lan.hostOf(relay).fetch(relay, `/chunk/${id}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/octet-stream',
      [HEADER.nonce]: NONCE,
      [HEADER.replicateTo]: holders.map((holder) => holder.id).join(','),
    },
    body: bytes,
  });
  expect(answer.status, answer.body.toString()).toBe(200);
  return parseJsonWith(PutAnswer, answer.body.toString(), 'The answer').receipts.length;
}

async function remove(lan: Lan, relay: RelayProcess, { id, token, bodyHash }: OwnedChunk): Promise<void> {
  const headers = { [DELETE_HEADER.token]: token, [DELETE_HEADER.bodyHash]: bodyHash };
  const { status, body } = await lan
    .hostOf(relay)
    .fetch(relay, `/chunk/${id}`, { method: 'DELETE', headers });
  expect(status, body.toString()).toBe(200);
}

/** What `relay` gives for the chunk: `whole`, or the status. */
async function read(lan: Lan, relay: RelayProcess, { id }: OwnedChunk): Promise<string> {
  const { status, body } = await lan.hostOf(relay).fetch(relay, `/chunk/${id}`);
  return status === 200 && idOfChunk(body) === id ? 'whole' : String(status);
}

async function repairAll(lan: Lan): Promise<void> {
  for (const relay of lan.relays) {
    const token = (await readFile(path.join(relay.dir, 'operator.token'), 'utf8')).trim();
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await lan.hostOf(relay).fetch(relay, '/repair', { method: 'POST', headers });
    expect(status).toBe(200);
  }
}

/** The numbers of the relays that hold each chunk. */
async function replicas(lan: Lan, chunks: readonly OwnedChunk[]): Promise<number[][]> {
  const dirs = lan.relays.map(({ dir }) => dir);
  const holders = await holdersOfAll(dirs);
  return chunks.map(({ id }) => (holders.get(id) ?? []).map((dir) => dirs.indexOf(dir)).sort());
}

/** Where placement wants each chunk, as `relay` sees the swarm. */
async function placements(lan: Lan, relay: RelayProcess, chunks: readonly OwnedChunk[]): Promise<number[][]> {
  const members = await membersAt(lan, relay);
  const ids = lan.relays.map(({ id }) => id);
  return chunks.map(({ id }) =>
    holdersOf(id, members)
      .map((holder) => ids.indexOf(holder.id))
      .sort(),
  );
}

test(
  'both sides go on by themselves, and become one again: nothing lost, nothing undead, all at five',
  { timeout: 300_000 },
  async () => {
    await using lan = await Lan.create(2);
    for (const host of [0, 0, 0, 1, 1, 1]) await lan.host(host).startRelay(['--repair-grace', '2s']);
    await lan.settled();
    const [left, right] = [lan.host(0).relays[0], lan.host(1).relays[0]];
    if (left === undefined || right === undefined) throw new Error('No relays.');
    const old = Array.from({ length: 20 }, newChunk);
    for (const chunk of old) expect(await put(lan, left, chunk)).toBe(5);

    lan.partition([[0], [1]]);
    await lan.settled([[0], [1]]);
    for (const relay of [left, right])
      for (const chunk of old) expect(await read(lan, relay, chunk)).toBe('whole');

    const newLeft = Array.from({ length: 6 }, newChunk);
    const newRight = Array.from({ length: 6 }, newChunk);
    for (const chunk of newLeft) expect(await put(lan, left, chunk)).toBe(3);
    for (const chunk of newRight) expect(await put(lan, right, chunk)).toBe(3);
    // Of the old ones, some on each side, and one on both; and one that has only ever been on one side.
    const deletedLeft = [...old.slice(0, 5), ...newLeft.slice(0, 1)];
    const deletedRight = [...old.slice(4, 9), ...newRight.slice(0, 1)];
    for (const chunk of deletedLeft) await remove(lan, left, chunk);
    for (const chunk of deletedRight) await remove(lan, right, chunk);
    const deleted = [...new Set([...deletedLeft, ...deletedRight])];
    const kept = [...old, ...newLeft, ...newRight].filter((chunk) => !deleted.includes(chunk));
    for (const chunk of deletedLeft) expect(await read(lan, left, chunk)).not.toBe('whole');
    // The other side cannot know yet, and goes on serving.
    for (const chunk of old.slice(0, 4)) expect(await read(lan, right, chunk)).toBe('whole');

    lan.heal();
    await lan.settled();
    const isOne = async (): Promise<boolean> => {
      const found = await replicas(lan, [...kept, ...deleted]);
      const wanted = [...(await placements(lan, left, kept)), ...deleted.map(() => [])];
      return isDeepStrictEqual(found, wanted);
    };
    const began = performance.now();
    await until(isOne, 'what is kept at its five, and nothing of what is deleted', CONVERGED_MS).catch(
      async (cause: unknown) => {
        const holders = async (chunks: readonly OwnedChunk[]) => (await replicas(lan, chunks)).join(' | ');
        throw new Error(`Kept: ${await holders(kept)}; deleted: ${await holders(deleted)}`, { cause });
      },
    );
    console.info({ convergedSeconds: Math.round((performance.now() - began) / 1000) });
    // Whoever looks at everything now finds nothing to do, and brings nothing back.
    await repairAll(lan);
    expect(await isOne()).toBe(true);
    for (const relay of lan.relays) {
      for (const chunk of kept) expect(await read(lan, relay, chunk)).toBe('whole');
      for (const chunk of deleted) expect(await read(lan, relay, chunk)).toMatch(/^4(04|10)$/);
    }
    for (const chunk of deleted) expect(await put(lan, left, chunk)).toBe(0);
    expect(await isOne()).toBe(true);
  },
);
