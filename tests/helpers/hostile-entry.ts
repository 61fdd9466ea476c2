/** A hostile entry relay: a real relay's HTTP, with the answers that a client relies on bent at the test's word. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { issueReceipt, openIdentity } from '../../relay/services/receipts.ts';
import type { Signer } from '../../shared/crypto/sign.ts';
import { parseChunkId, parseRelayId } from '../../shared/ids.ts';
import type { RelayId } from '../../shared/ids.ts';
import { HEADER } from '../../shared/protocol/routes.ts';

/**
 * `wrong-bytes`: serves others. `no-bytes`: says that there are none. `forged-receipts`: drops chunks, and signs for the relays named with a
 * key of its own. `old-receipts`: drops them, and gives true receipts of an earlier request. `own-swarm`: lists five identities of its own, which
 * sign and drop. `false-deletion`: says that all have deleted, and tells nobody.
 */
export type EntryLie =
  'wrong-bytes' | 'no-bytes' | 'forged-receipts' | 'old-receipts' | 'own-swarm' | 'false-deletion';

interface Forged {
  readonly id: RelayId;
  readonly signer: Signer;
}

export class HostileEntry implements AsyncDisposable {
  lie: EntryLie | undefined;
  /** Answers that were bent. */
  bent = 0;
  readonly #target: string;
  readonly #server: Server;
  readonly #own: readonly Forged[];
  /** Relay → a true receipt that it once gave. */
  readonly #seen = new Map<string, unknown>();

  private constructor(target: string, own: readonly Forged[]) {
    this.#target = target;
    this.#own = own;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((cause: unknown) => response.destroy(cause as Error));
    });
  }

  /** In front of the real relay at `target`. */
  static async start(target: string): Promise<HostileEntry> {
    const own = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { identity, signer } = await openIdentity(new Uint8Array(randomBytes(32)));
        return { id: identity.id, signer };
      }),
    );
    const entry = new HostileEntry(target, own);
    entry.#server.listen(0, '127.0.0.1');
    await once(entry.#server, 'listening');
    return entry;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const bent = await this.#bend(request, body);
    if (bent !== undefined) {
      this.bent++;
      response.writeHead(bent.status, { 'content-type': bent.type }).end(bent.body);
      return;
    }
    const { method = 'GET', url = '/' } = request;
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers))
      if (typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name))
        headers.set(name, value);
    const answer = await fetch(this.#target + url, {
      ...{ method, headers },
      ...(body.length > 0 ? { body: new Blob([new Uint8Array(body)]) } : {}),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (method === 'PUT' && answer.ok) this.#remember(bytes);
    const type = answer.headers.get('content-type') ?? 'application/octet-stream';
    response.writeHead(answer.status, { 'content-type': type }).end(bytes);
  }

  #remember(answer: Buffer): void {
    const { receipts } = JSON.parse(answer.toString()) as { receipts: { relay: string }[] };
    for (const receipt of receipts) this.#seen.set(receipt.relay, receipt);
  }

  async #bend(request: IncomingMessage, body: Buffer): Promise<Answer | undefined> {
    const { method = 'GET', url = '/' } = request;
    const [, chunk] = /^\/chunk\/([0-9a-f]{64})/.exec(url) ?? [];
    if (chunk !== undefined && method === 'GET') {
      if (this.lie === 'wrong-bytes') return bytes(randomBytes(70_000));
      if (this.lie === 'no-bytes')
        return { ...json({ error: { code: 'NOT_FOUND', message: 'No.' } }), status: 404 };
    }
    if (chunk !== undefined && method === 'PUT') return this.#bendPut(request, chunk, body.length);
    if (url.startsWith('/peers') && this.lie === 'own-swarm') return json(this.#ownPeers());
    if (url === '/chunks/delete_batch' && this.lie === 'false-deletion') return await this.#bendDelete(body);
    return undefined;
  }

  async #bendPut(request: IncomingMessage, chunk: string, sizeBytes: number): Promise<Answer | undefined> {
    const header = (name: string): string => String(request.headers[name] ?? '');
    const asked = header(HEADER.replicateTo)
      .split(',')
      .map((id) => id.trim());
    const claim = { chunk: parseChunkId(chunk), sizeBytes, nonceHex: header(HEADER.nonce) };
    const [first] = this.#own;
    if (this.lie === 'old-receipts') {
      const receipts = asked.flatMap((relay) => this.#seen.get(relay) ?? []);
      return json({ receipts, failed: [] });
    }
    if (this.lie !== 'forged-receipts' && this.lie !== 'own-swarm') return undefined;
    const receipts = await Promise.all(
      asked.map((relay) => {
        const signer = this.#own.find(({ id }) => id === relay)?.signer ?? first?.signer;
        if (signer === undefined) throw new Error('A hostile entry has keys of its own.');
        return issueReceipt(parseRelayId(relay), signer, claim);
      }),
    );
    return json({ receipts, failed: [] });
  }

  #ownPeers(): unknown {
    const peers = this.#own.map(({ id }) => ({
      ...{ id, host: '127.0.0.1', port: this.#port, link: 1, capacity: 2 ** 40, machine: id, state: 'alive' },
    }));
    return { peers, next: null };
  }

  async #bendDelete(body: Buffer): Promise<Answer> {
    const { chunks } = JSON.parse(body.toString()) as { chunks: { id: string }[] };
    const answer = await fetch(`${this.#target}/peers`);
    const { peers } = (await answer.json()) as { peers: { id: string }[] };
    const confirmed = peers.map(({ id }) => id);
    return json({ chunks: chunks.map(({ id }) => ({ id, status: 'deleted', confirmed, pending: [] })) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

function bytes(body: Buffer): Answer {
  return { status: 200, type: 'application/octet-stream', body };
}
