/** What relays have promised to the clients of a crash test, and whether they keep it. */
import { readFile } from 'node:fs/promises';
import { checkReceipt } from '../../relay/services/receipts.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { parseRelayId } from '../../shared/ids.ts';
import { DELETE_HEADER, DeleteResult } from '../../shared/protocol/deletion-routes.ts';
import { HEADER, PutAnswer } from '../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import type { RelayProcess } from './relays.ts';
import { chunkPath } from './stored-chunks.ts';
import { until } from './until.ts';
import { idOfChunk } from './virtual-chunk.ts';
import type { OwnedChunk } from './virtual-chunk.ts';

const NONCE = '000102030405060708090a0b0c0d0e0f';
const PATIENCE_MS = 30_000;

export interface Entry {
  readonly chunk: OwnedChunk;
  /** Relays whose receipt has come and verified. */
  readonly receipts: Set<RelayId>;
  /** Whether a client has asked for its deletion: answered or not, it may be gone from then on. */
  deleteAsked: boolean;
  /** Relays that have confirmed its deletion. */
  readonly confirmed: Set<string>;
}

export class CrashLedger {
  readonly #entries = new Map<ChunkId, Entry>();

  get entries(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Chunks that nobody has asked to delete, and that some relay has given a receipt for. */
  get kept(): Entry[] {
    return this.entries.filter(({ receipts, deleteAsked }) => receipts.size > 0 && !deleteAsked);
  }

  get deleted(): Entry[] {
    return this.entries.filter(({ confirmed }) => confirmed.size > 0);
  }

  /** A client's PUT. Throws when the relay does not answer, or answers what does not verify. */
  async put(entryRelay: RelayProcess, chunk: OwnedChunk, holders: readonly string[]): Promise<void> {
    const entry: Entry = { chunk, receipts: new Set(), deleteAsked: false, confirmed: new Set() };
    this.#entries.set(chunk.id, entry);
    const { status, text } = await putTo(entryRelay, chunk, holders);
    if (status !== 200) return;
    for (const receipt of parseJsonWith(PutAnswer, text, 'The answer to a PUT').receipts) {
      const relay = parseRelayId(receipt.relay);
      await checkReceipt(receipt, { relay, chunk: chunk.id, sizeBytes: chunk.bytes.length, nonceHex: NONCE });
      entry.receipts.add(relay);
    }
  }

  async delete(entryRelay: RelayProcess, entry: Entry): Promise<void> {
    entry.deleteAsked = true;
    const { id, token, bodyHash } = entry.chunk;
    const answer = await fetch(`${entryRelay.url}/chunk/${id}`, {
      method: 'DELETE',
      headers: { [DELETE_HEADER.token]: token, [DELETE_HEADER.bodyHash]: bodyHash },
    });
    const text = await answer.text();
    if (answer.status !== 200) return;
    for (const relay of parseJsonWith(DeleteResult, text, 'The answer to a DELETE').confirmed)
      entry.confirmed.add(relay);
  }

  /** Throws unless `relay` has every chunk that it gave a receipt for, and none whose deletion it confirmed. */
  async check(relay: RelayProcess, entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      const { id } = entry.chunk;
      if (entry.receipts.has(relay.id) && !entry.deleteAsked) {
        const answer = await readFrom(relay, id);
        if (answer.status !== 200 || idOfChunk(answer.bytes) !== id)
          throw new Error(`${relay.log}: gave a receipt for ${id} and answers ${String(answer.status)}`);
      }
      if (!entry.confirmed.has(relay.id)) continue;
      const { status } = await readFrom(relay, id);
      if (status !== 410 && status !== 404)
        throw new Error(`${relay.log}: has confirmed the deletion of ${id} and answers ${String(status)}`);
      const again = await putTo(relay, entry.chunk, [relay.id]);
      if (
        again.status === 200 &&
        parseJsonWith(PutAnswer, again.text, 'The answer to a PUT').receipts.length > 0
      )
        throw new Error(`${relay.log}: has confirmed the deletion of ${id} and takes it again`);
    }
  }

  /** Waits until no relay holds a chunk whose deletion any has confirmed. */
  async untilDeletedOn(relays: readonly RelayProcess[]): Promise<void> {
    await until(
      async () => {
        for (const { chunk } of this.deleted) if ((await intactOn(relays, chunk.id)) > 0) return false;
        return true;
      },
      'every relay has deleted what one has confirmed',
      PATIENCE_MS,
    );
  }

  /** Waits until every chunk that is kept has `count` intact replicas or more. */
  async untilReplicated(relays: readonly RelayProcess[], count: number): Promise<void> {
    const lacking = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const { chunk, receipts } of this.kept) {
        const intact = await intactOn(relays, chunk.id);
        if (intact < count)
          found.push(`${chunk.id} has ${String(intact)}, and had ${String(receipts.size)} receipts`);
      }
      return found;
    };
    try {
      await until(
        async () => (await lacking()).length === 0,
        `${String(count)} replicas of every chunk`,
        2 * PATIENCE_MS,
      );
    } catch (cause) {
      throw new Error(`Chunks with fewer than ${String(count)} replicas: ${(await lacking()).join(', ')}`, {
        cause,
      });
    }
  }
}

async function putTo(
  relay: RelayProcess,
  { id, bytes }: OwnedChunk,
  holders: readonly string[],
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${relay.url}/chunk/${id}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/octet-stream',
      [HEADER.nonce]: NONCE,
      [HEADER.replicateTo]: holders.join(','),
    },
    body: new Blob([bytes]),
  });
  return { status: answer.status, text: await answer.text() };
}

/** From the relay's own storage, once it serves. */
async function readFrom(relay: RelayProcess, id: ChunkId): Promise<{ status: number; bytes: Uint8Array }> {
  let answer = { status: 503, bytes: new Uint8Array() };
  await until(
    async () => {
      const response = await fetch(`${relay.url}/chunk/${id}`, { headers: { [HEADER.localOnly]: '1' } });
      answer = { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
      return answer.status !== 503;
    },
    `${relay.log} serves`,
    PATIENCE_MS,
  );
  return answer;
}

/** How many of the relays have the chunk's file, whole. */
async function intactOn(relays: readonly RelayProcess[], id: ChunkId): Promise<number> {
  const files = await Promise.all(relays.map(({ dir }) => readFile(chunkPath(dir, id)).catch(() => null)));
  return files.filter((bytes) => bytes !== null && idOfChunk(bytes) === id).length;
}
