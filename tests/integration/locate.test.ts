/** Each way to find a chunk alone, between real relays; and the DHT with UDP off. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayConfig } from '../helpers/relay-config.ts';
import { startRelay } from '../../relay/app.ts';
import type { Relay } from '../../relay/app.ts';
import { LOCATE_STRATEGIES } from '../../relay/services/locate/locator.ts';
import type { LocateStrategy } from '../../relay/services/locate/locator.ts';
import { parseRelayId } from '../../shared/ids.ts';
import { placementOrder } from '../../shared/placement/placement.ts';
import { FindRelayAnswer, LocateAnswer, RecordAnswer } from '../../shared/protocol/dht-routes.ts';
import { signAtomic } from '../../shared/protocol/records.ts';
import { PeersPage } from '../../shared/protocol/routes.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import { freeUdpPort } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';
import { base64, signerOf } from '../unit/relay/dht/signed-items.ts';
import { NONCE, sampleChunk } from '../unit/relay/fixtures.ts';

const RELAYS = 8;

class Swarm implements AsyncDisposable {
  readonly relays: Relay[] = [];
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async start(locateBy: readonly LocateStrategy[], discoveryPort: number): Promise<Swarm> {
    const swarm = new Swarm(await mkdtemp(path.join(tmpdir(), 'lanvault-locate-')));
    try {
      for (let i = 0; i < RELAYS; i++) swarm.relays.push(await swarm.#relay(i, locateBy, discoveryPort));
      await swarm.#settled();
      return swarm;
    } catch (cause) {
      await swarm[Symbol.asyncDispose]();
      throw cause;
    }
  }

  url(relay: Relay): string {
    return `http://127.0.0.1:${String(relay.httpPort)}`;
  }

  async peers(relay: Relay): Promise<PeersPage['peers']> {
    return parseWith(PeersPage, await (await fetch(`${this.url(relay)}/peers`)).json(), 'The peers').peers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay[Symbol.asyncDispose]()));
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async #relay(index: number, locateBy: readonly LocateStrategy[], discoveryPort: number): Promise<Relay> {
    const [entry] = this.relays;
    const join = discoveryPort === 0 && entry !== undefined ? ['--join', this.url(entry)] : [];
    const config = await relayConfig(
      ...['--storage-dir', path.join(this.#dir, String(index)), '--host', '127.0.0.1', '--port', '0'],
      ...['--discovery-port', String(discoveryPort), '--log-level', 'silent', ...join],
    );
    return startRelay({ ...config, limits: { ...config.limits, locateBy } });
  }

  async #settled(): Promise<void> {
    await until(async () => {
      const views = await Promise.all(this.relays.map((relay) => this.peers(relay)));
      return views.every((peers) => peers.length === RELAYS);
    }, 'all relays know each other');
  }
}

describe.each(LOCATE_STRATEGIES)('finding a chunk by %s alone', (strategy) => {
  it('gives it from wherever it lies', async () => {
    await using swarm = await Swarm.start([strategy], strategy === 'broadcast' ? await freeUdpPort() : 0);
    const [asker] = swarm.relays as [Relay];
    const { id, bytes } = sampleChunk();
    const peers = (await swarm.peers(asker)).map((peer) => ({ ...peer, id: parseRelayId(peer.id) }));
    // On the last relay in its order only: it is none of the five.
    const holderId = placementOrder(id, peers).findLast((member) => member.id !== asker.id)?.id;
    const holder = swarm.relays.find((relay) => relay.id === holderId);
    if (holder === undefined) throw new Error('No holder.');
    const put = await fetch(`${swarm.url(holder)}/chunk/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'x-client-nonce': NONCE },
      body: new Blob([bytes]),
    });
    expect(put.status).toBe(200);
    // A mesh takes a moment to form.
    let body = new Uint8Array();
    await until(async () => {
      const got = await fetch(`${swarm.url(asker)}/chunk/${id}`);
      body = new Uint8Array(await got.arrayBuffer());
      return got.status === 200;
    }, 'the chunk is found');
    expect(createHash('sha256').update(body).digest('hex')).toBe(
      createHash('sha256').update(bytes).digest('hex'),
    );
    const absent = await fetch(`${swarm.url(asker)}/chunk/${sampleChunk().id}`);
    expect(absent.status).toBe(404);
    await absent.arrayBuffer();
  });
});

describe('the DHT of real relays with UDP off', () => {
  let swarm: Swarm;
  beforeAll(async () => {
    swarm = await Swarm.start(LOCATE_STRATEGIES, 0);
  }, 60_000);
  afterAll(() => swarm[Symbol.asyncDispose]());

  it('finds each relay from every other by lookup', async () => {
    for (const from of swarm.relays) {
      for (const target of swarm.relays) {
        const answer = await fetch(`${swarm.url(from)}/dht/node/${target.id}`);
        const found = parseWith(FindRelayAnswer, await answer.json(), 'The answer');
        expect(found).toMatchObject({ found: true, peer: { id: target.id, port: target.httpPort } });
      }
    }
    const nobody = await fetch(`${swarm.url(swarm.relays[0] as Relay)}/dht/node/${'0'.repeat(64)}`);
    expect(await nobody.json()).toMatchObject({ found: false, peer: null });
  });

  it('gives a record from every relay, and the newer one after it is replaced', async () => {
    const alice = await signerOf(7);
    for (const seq of [1, 2]) {
      const record = await signAtomic(alice, seq, base64(`version ${String(seq)}`));
      const stored = await fetch(`${swarm.url(swarm.relays[seq] as Relay)}/dht/record`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(record),
      });
      expect(((await stored.json()) as { holders: string[] }).holders).toHaveLength(5);
      for (const relay of swarm.relays) {
        const answer = await fetch(`${swarm.url(relay)}/dht/record/${record.public_key}`);
        expect(parseWith(RecordAnswer, await answer.json(), 'The answer').record).toEqual(record);
      }
    }
  });

  it('says which relays hold a chunk', async () => {
    const { id, bytes } = sampleChunk();
    const named = swarm.relays.slice(2, 5).map((relay) => relay.id);
    const [entry] = swarm.relays as [Relay];
    const put = await fetch(`${swarm.url(entry)}/chunk/${id}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'x-client-nonce': NONCE,
        'x-replicate-to': named.join(','),
      },
      body: new Blob([bytes]),
    });
    expect(put.status).toBe(200);
    const answer = await fetch(`${swarm.url(entry)}/chunks/locate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ids: [id, sampleChunk().id] }),
    });
    const { chunks, unreachable } = parseWith(LocateAnswer, await answer.json(), 'The answer');
    expect(unreachable).toEqual([]);
    expect(new Set(chunks[0]?.relays)).toEqual(new Set(named));
    expect(chunks[1]?.relays).toEqual([]);
  });
});
