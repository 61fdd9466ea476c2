/** tests/vectors/protocol.json, which Python makes from the specification alone, against the code. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64Url, toHex } from '../../../shared/bytes.ts';
import {
  deriveDeviceIndexSeed,
  deriveIndexCopySeed,
  deriveIndexSealKey,
  deriveIndexSeed,
} from '../../../shared/crypto/kdf.ts';
import { createSigner } from '../../../shared/crypto/sign.ts';
import { VaultRecords } from '../../../shared/engine/vault-records.ts';
import { formatLink, parseLink } from '../../../shared/format/capability.ts';
import {
  catalogListOf,
  catalogShardOf,
  parsePublication,
  publicationLink,
} from '../../../shared/protocol/catalog.ts';
import { receiptMessage } from '../../../shared/protocol/receipt.ts';
import { atomicKey, entryId, signAtomic, signEntry, signRemoval } from '../../../shared/protocol/records.ts';
import {
  isSwarmProof,
  parseSwarmKey,
  swarmProof,
  unsealDatagram,
} from '../../../shared/protocol/swarm-key.ts';
import { sessionContext } from '../../../shared/protocol/swarm-session.ts';
import { tombstoneId } from '../../../shared/protocol/tombstone.ts';
import { formatRoot, packEntries, parseRoot } from '../../../shared/vault/index-payload.ts';
import { parseChunkId, parseRelayId } from '../../../shared/ids.ts';
import { parseDatagram } from '../../../relay/p2p/discovery.ts';
import * as messages from '../../../relay/p2p/chunk-messages.ts';
import { machineHash } from '../../../relay/p2p/machine.ts';
import { Auditor } from '../../../relay/services/care/audit.ts';
import type { RecordItem } from '../../../relay/services/dht/record-items.ts';
import { RecordStore } from '../../../relay/services/dht/record-store.ts';
import { SetDigests } from '../../../relay/services/gossip/set-digests.ts';
import { checkReceipt, issueReceipt, openIdentity } from '../../../relay/services/receipts.ts';
import { RpcRouter } from '../../../relay/services/rpc.ts';
import { IndexDatabase } from '../../../relay/storage/index-database.ts';
import type { AtomicRecord, ListEntry, ListRemoval } from '../../../shared/protocol/records.ts';
import type { Receipt } from '../../../shared/protocol/receipt.ts';
import { readVectors } from '../shared/support/vectors.ts';

/** What protocol.py writes. */
interface Vectors {
  readonly receipt: { seed: string; message: string; receipt: Receipt };
  readonly tombstone: { tombstone: { body_hash: string; token: string }; id: string };
  readonly audit: Record<'nonce' | 'relay' | 'chunk' | 'http' | 'link', string>;
  readonly records: {
    readonly atomic: AtomicRecord;
    readonly entry: ListEntry;
    readonly removal: ListRemoval;
    readonly shard: number;
    readonly publication: { n: string; s: number };
  } & Record<
    | 'seed'
    | 'atomic_key'
    | 'atomic_digest'
    | 'list'
    | 'link'
    | 'entry_id'
    | 'entry_digest'
    | 'removed_digest',
    string
  >;
  readonly swarm: {
    readonly keys: Record<'datagram' | 'link' | 'client', string>;
    readonly sent_at: number;
  } & Record<
    | 'key_file'
    | 'challenge'
    | 'nonce'
    | 'client'
    | 'relay'
    | 'handshake_hash'
    | 'initiator'
    | 'responder'
    | 'hello'
    | 'datagram',
    string
  >;
  readonly machine: { id: string; hash: string };
  readonly gossip: { digests: Record<string, string>; ground: { ids: string[]; digest: string } };
  readonly chunk_messages: { request: number; size: number } & Record<
    'id' | 'nonce' | 'body' | 'put' | 'put_body' | 'get' | 'found' | 'cancel' | 'failed',
    string
  >;
  readonly vault: {
    readonly devices: string[];
    readonly link_record: AtomicRecord;
    readonly devices_record: AtomicRecord;
    readonly devices_copy_record: AtomicRecord;
    readonly packed: { parts: string[] };
  } & Record<
    'secret' | 'seal_key' | 'index_seed' | 'index_copy_seed' | 'device_index_seed' | 'link' | 'root',
    string
  >;
}

const vectors = (await readVectors('protocol')) as Vectors;
const never = new AbortController().signal;
const sha256Hex = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** As protocol.py has it. */
function seededHex(label: string, size: number): string {
  return Array.from({ length: Math.ceil(size / 32) }, (_, i) => sha256Hex(`${label} ${i}`))
    .join('')
    .slice(0, 2 * size);
}

describe('signed values', () => {
  it('a receipt', async () => {
    const { seed, message, receipt } = vectors.receipt;
    expect(toHex(receiptMessage(receipt))).toBe(message);
    const { identity, signer } = await openIdentity(fromHex(seed));
    const claim = { chunk: parseChunkId(receipt.chunk), sizeBytes: receipt.size, nonceHex: receipt.nonce };
    expect(await issueReceipt(identity.id, signer, claim)).toEqual(receipt);
    expect(await checkReceipt(receipt, { relay: identity.id, ...claim })).toEqual(receipt);
  });

  it('a tombstone', () => {
    const { tombstone, id } = vectors.tombstone;
    expect(tombstoneId(tombstone)).toBe(id);
  });

  it('records, the catalog’s entries, and the digests by which holders compare them', async () => {
    const { seed, atomic, entry, removal, list, ...expected } = vectors.records;
    const signer = await createSigner(fromHex(seed));
    expect(await signAtomic(signer, atomic.seq, atomic.value)).toEqual(atomic);
    expect(atomicKey(atomic.public_key)).toBe(expected.atomic_key);
    expect(catalogShardOf(entry.public_key)).toBe(expected.shard);
    expect(catalogListOf(entry.public_key)).toBe(list);
    expect(await signEntry(signer, list, entry.value)).toEqual(entry);
    expect(entryId(list, entry)).toBe(expected.entry_id);
    expect(await signRemoval(signer, list, expected.entry_id)).toEqual(removal);
    const publication = parsePublication(entry.value);
    expect(publication).toMatchObject({ name: expected.publication.n, size: expected.publication.s });
    expect(publicationLink(publication)).toBe(expected.link);

    using database = new IndexDatabase(':memory:');
    const store = new RecordStore(database);
    const items: RecordItem[] = [
      { kind: 'atomic', record: atomic },
      { kind: 'entry', list, entry },
    ];
    const source = parseRelayId('a'.repeat(64));
    const outcomes = await store.store(items, source);
    expect(outcomes).toEqual(['stored', 'stored']);
    expect(store.digest(expected.atomic_key)).toBe(expected.atomic_digest);
    expect(store.digest(list)).toBe(expected.entry_digest);
    expect(await store.store([{ kind: 'removal', list, removal }], source)).toEqual(['stored']);
    expect(store.digest(list)).toBe(expected.removed_digest);
  });
});

describe('between relays', () => {
  it('an audit, over HTTP and over a link', async () => {
    const { nonce, relay, chunk, http, link } = vectors.audit;
    const auditor = new Auditor({
      self: parseRelayId(relay),
      clock: { now: () => 0 },
      holds: () => true,
      readVerified: () => Promise.resolve(fromHex(chunk)),
      serves: () => true,
    });
    const id = parseChunkId('00'.repeat(32));
    expect(await auditor.answer(id, nonce)).toBe(http);
    const router = new RpcRouter();
    auditor.answerOver(router);
    const params = { id, nonce, keep: false };
    expect(await router.answer('chunks.audit', params, parseRelayId(relay), never)).toEqual({ hash: link });
  });

  it('the hash of a machine’s id', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'lanvault-machine-'));
    try {
      await writeFile(path.join(folder, 'machine-id'), `${vectors.machine.id}\n`);
      expect(await machineHash([path.join(folder, 'machine-id')])).toBe(vectors.machine.hash);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('digests of sets', async () => {
    for (const [count, digest] of Object.entries(vectors.gossip.digests)) {
      const ids = Array.from({ length: Number(count) }, (_, i) => sha256Hex(`id ${i}`));
      expect(await digestsOf(ids).digest(''), count).toBe(digest);
    }
    const { ids, digest } = vectors.gossip.ground;
    expect(await digestsOf(ids).digest('')).toBe(digest);
  });

  it('messages about chunks', () => {
    const {
      request: requestId,
      size: sizeBytes,
      nonce: nonceHex,
      body,
      ...expected
    } = vectors.chunk_messages;
    const id = parseChunkId(expected.id);
    expect(encoded(messages.putEncoding, { requestId, id, sizeBytes, nonceHex })).toBe(expected.put);
    expect(encoded(messages.bodyEncoding, { requestId, bytes: fromHex(body) })).toBe(expected.put_body);
    expect(encoded(messages.getEncoding, { requestId, id })).toBe(expected.get);
    expect(encoded(messages.foundEncoding, { requestId, sizeBytes })).toBe(expected.found);
    expect(encoded(messages.cancelEncoding, { requestId })).toBe(expected.cancel);
    const buffer = fromHex(expected.failed);
    const failed = messages.failedEncoding.decode({ start: 0, end: buffer.length, buffer });
    expect(failed).toMatchObject({ requestId, error: { code: 'NOT_FOUND', message: 'no' } });
  });
});

describe('a private swarm', () => {
  const { swarm } = vectors;
  const key = parseSwarmKey(swarm.key_file);

  it('derives a key for each use, and proofs from them', () => {
    const derived = Object.entries(key).map(([use, bytes]) => [use, toHex(bytes as Uint8Array)]);
    expect(Object.fromEntries(derived)).toEqual(swarm.keys);
    const context = sessionContext(swarm.challenge, swarm.nonce);
    expect(toHex(swarmProof(key.client, 'client', context))).toBe(swarm.client);
    expect(isSwarmProof(key.client, 'relay', context, fromHex(swarm.relay))).toBe(true);
    const handshake = fromHex(swarm.handshake_hash);
    expect(toHex(swarmProof(key.link, 'initiator', handshake))).toBe(swarm.initiator);
    expect(toHex(swarmProof(key.link, 'responder', handshake))).toBe(swarm.responder);
  });

  it('opens a sealed datagram within its time', () => {
    const opened = unsealDatagram(key, fromHex(swarm.datagram), swarm.sent_at + 300_000);
    expect(parseDatagram(opened ?? new Uint8Array())).toEqual(JSON.parse(swarm.hello));
    expect(unsealDatagram(key, fromHex(swarm.datagram), swarm.sent_at + 300_001)).toBeNull();
  });
});

describe('a vault', () => {
  const { vault } = vectors;
  const secret = fromHex(vault.secret);
  const [device = ''] = vault.devices;

  it('derives the keys of its index', async () => {
    expect(toHex(await deriveIndexSealKey(secret))).toBe(vault.seal_key);
    expect(toHex(await deriveIndexSeed(secret))).toBe(vault.index_seed);
    expect(toHex(await deriveIndexCopySeed(secret))).toBe(vault.index_copy_seed);
    expect(toHex(await deriveDeviceIndexSeed(secret, fromHex(device)))).toBe(vault.device_index_seed);
  });

  it('reads its records, and writes such ones', async () => {
    const written: AtomicRecord[] = [];
    const known = [vault.link_record, vault.devices_record, vault.devices_copy_record];
    const port = {
      get: (publicKey: string) =>
        Promise.resolve(known.find(({ public_key }) => public_key === publicKey) ?? null),
      put: (record: AtomicRecord) => Promise.resolve(void written.push(record)),
    };
    const records = await VaultRecords.open(port, secret);
    const link = parseLink(vault.link);
    expect(await records.indexOf(device, never)).toEqual({ seq: 3, value: link });
    expect(await records.devicesIn(0, never)).toEqual({ seq: 5, value: vault.devices });
    expect(await records.devicesIn(1, never)).toEqual({ seq: 4, value: vault.devices });
    await records.writeIndex(device, 4, link, never);
    expect(written[0]).toMatchObject({ public_key: vault.link_record.public_key, seq: 4 });
    expect(written[0]?.value).toHaveLength(vault.link_record.value.length);
  });

  it('packs its entries into the same parts', () => {
    const entries = Array.from({ length: 1400 }, (_, i) => ({
      id: seededHex(`entry ${i}`, 16),
      kind: 'folder',
      place: {
        at: [i + 1, device] as [number, string],
        parent: null,
        name: `folder ${i} ${'x'.repeat(200)}`,
      },
    }));
    expect(packEntries(entries).map((part) => sha256Hex(part))).toEqual(vault.packed.parts);
    const root = parseRoot(new TextEncoder().encode(vault.root));
    expect(root.devices).toEqual(vault.devices);
    expect(root.parts.map(formatLink)).toEqual([vault.link]);
    expect(new TextDecoder().decode(formatRoot(root))).toBe(vault.root);
    expect(toBase64Url(parseLink(vault.link).key, { padding: false })).toBe(vault.link.slice(-43));
  });
});

function digestsOf(ids: readonly string[]): SetDigests {
  const sorted = ids.toSorted();
  return new SetDigests({
    page: (prefix, after, limit) =>
      sorted.filter((id) => id.startsWith(prefix) && id > after).slice(0, limit),
    onChange: () => undefined,
  });
}

function encoded<T>(
  encoding: {
    preencode(state: { start: number; end: number; buffer: Uint8Array }, message: T): void;
    encode(state: { start: number; end: number; buffer: Uint8Array }, message: T): void;
  },
  message: T,
): string {
  const state = { start: 0, end: 0, buffer: new Uint8Array() };
  encoding.preencode(state, message);
  state.buffer = new Uint8Array(state.end);
  encoding.encode(state, message);
  return toHex(state.buffer);
}
