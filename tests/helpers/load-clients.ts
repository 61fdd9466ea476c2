/** Clients that keep one relay busy, and one that keeps it waiting. Each has a loopback address of its own, as hosts of a LAN have. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { abortError } from '../../shared/errors.ts';
import { MIB } from '../../shared/limits.ts';

/** What a client holds before it deletes the oldest: the load is not to fill the disk. */
const CHUNKS_HELD = 3;
/** After an answer of 429 or 507. The relay asks for a second; who is less patient is a harder load. */
const BACKOFF_MS = 250;
const HUNG_ADDRESS = '127.0.3.1';

export type Action = 'PUT' | 'GET' | 'DELETE';

interface Chunk {
  readonly id: string;
  readonly token: string;
}

/** What the clients have seen. */
export class LoadRecord {
  /** Of requests that were answered 200, from their first byte to the answer's last. */
  readonly latenciesMs: Readonly<Record<Action, number[]>> = { PUT: [], GET: [], DELETE: [] };
  readonly statuses = new Map<string, number>();
  /** Anything but an answer of 200, 429 or 507 with the right bytes. */
  readonly errors: string[] = [];

  note(action: Action, status: number): void {
    const key = `${action} ${String(status)}`;
    this.statuses.set(key, (this.statuses.get(key) ?? 0) + 1);
  }

  percentile(action: Action, share: number): number {
    const sorted = this.latenciesMs[action].toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  }
}

/** That many clients that store, read and delete chunks of 1 MiB, each one request after the other, until the signal fires. */
export async function keepBusy(
  port: number,
  clients: number,
  signal: AbortSignal,
  record = new LoadRecord(),
): Promise<LoadRecord> {
  const numbers = Array.from({ length: clients }, (_, number) => number);
  await Promise.all(numbers.map((number) => new BusyClient(port, number, record).run(signal)));
  return record;
}

/** One MiB that no two chunks share: the same random bytes behind a number. */
const BODY = randomBytes(MIB - 32);
let chunksMade = 0;

class BusyClient {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #address: string;
  readonly #record: LoadRecord;
  readonly #held: Chunk[] = [];

  constructor(port: number, number: number, record: LoadRecord) {
    this.#port = port;
    this.#address = `127.0.1.${String(1 + number)}`;
    this.#record = record;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#put();
        for (const chunk of this.#held) await this.#get(chunk);
        if (this.#held.length > CHUNKS_HELD) await this.#deleteOldest();
      }
      while (this.#held.length > 0) await this.#deleteOldest();
    } catch (cause) {
      this.#record.errors.push(String(cause));
    } finally {
      this.#agent.destroy();
    }
  }

  async #put(): Promise<void> {
    const token = randomBytes(32);
    const chunk = Buffer.concat([sha256(token), BODY]);
    chunk.writeDoubleBE(++chunksMade, 32);
    const id = sha256(chunk.subarray(0, 32), sha256(chunk.subarray(32))).toString('hex');
    const headers = { 'content-type': 'application/octet-stream', 'x-client-nonce': '00'.repeat(16) };
    const { status } = await this.#ask('PUT', id, headers, chunk);
    if (status === 200) this.#held.push({ id, token: token.toString('hex') });
  }

  async #get({ id }: Chunk): Promise<void> {
    const { status, body } = await this.#ask('GET', id, {});
    if (status !== 200) return;
    const read = sha256(body.subarray(0, 32), sha256(body.subarray(32))).toString('hex');
    if (read !== id) this.#record.errors.push(`GET gave other bytes than those of ${id}.`);
  }

  async #deleteOldest(): Promise<void> {
    const [oldest] = this.#held;
    if (oldest === undefined) return;
    const { status } = await this.#ask('DELETE', oldest.id, { 'x-delete-token': oldest.token });
    if (status === 200) this.#held.shift();
  }

  async #ask(
    method: Action,
    id: string,
    headers: Readonly<Record<string, string>>,
    body?: Buffer,
  ): Promise<{ status: number; body: Buffer }> {
    const begun = performance.now();
    const answer = await this.#answer(method, id, headers, body);
    const { status } = answer;
    this.#record.note(method, status);
    if (status === 200) this.#record.latenciesMs[method].push(performance.now() - begun);
    else if (status === 429 || status === 507) await pause(BACKOFF_MS);
    else this.#record.errors.push(`${method}: ${String(status)} ${answer.body.toString().slice(0, 300)}`);
    return answer;
  }

  #answer(
    method: Action,
    id: string,
    headers: Readonly<Record<string, string>>,
    body?: Buffer,
  ): Promise<{ status: number; body: Buffer }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
    const sent = request({
      ...{ host: '127.0.0.1', port: this.#port, localAddress: this.#address, agent: this.#agent },
      ...{
        method,
        path: `/chunk/${id}`,
        headers: { ...headers, 'content-length': String(body?.length ?? 0) },
      },
    });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces) }));
    });
    sent.end(body);
    return promise;
  }
}

/** One client's connections that never come to an end, each opened anew as soon as the relay cuts it off, until the signal fires. */
export async function hang(
  port: number,
  connections: { readonly headers: number; readonly bodies: number; readonly readers: number },
  signal: AbortSignal,
): Promise<{ readonly cutOff: number }> {
  let cutOff = 0;
  const one = async (first: string): Promise<void> => {
    while (!signal.aborted) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: HUNG_ADDRESS });
      const stop = (): void => void socket.destroy(abortError(signal));
      signal.addEventListener('abort', stop, { once: true });
      // Nothing of an answer is ever read.
      socket.on('error', () => socket.destroy()).on('end', () => socket.destroy());
      socket.write(first);
      // A byte now and then, as slow-loris does it.
      const timer = first.endsWith(':') ? setInterval(() => socket.write('x'), 1000) : undefined;
      await once(socket, 'close').catch(() => undefined);
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      cutOff++;
    }
  };
  const kinds: readonly (readonly [number, string])[] = [
    [connections.headers, 'GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:'],
    [connections.bodies, hungPut()],
    [connections.readers, 'GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(100)],
  ];
  await Promise.all(kinds.flatMap(([count, first]) => Array.from({ length: count }, () => one(first))));
  return { cutOff };
}

/** Half of a body that never ends. */
function hungPut(): string {
  const lines = [
    ...[`PUT /chunk/${'ab'.repeat(32)} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Length: ${String(MIB)}`],
    ...['Content-Type: application/octet-stream', `X-Client-Nonce: ${'00'.repeat(16)}`, '', ''],
  ];
  return lines.join('\r\n') + 'x'.repeat(MIB / 2);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
