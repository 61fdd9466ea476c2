/** Inputs to every endpoint of real relays: HTTP, WebSocket, links and datagrams. Seeded; an input that breaks something is told. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { GeneratedClient } from '../../helpers/generated-client.ts';
import { rssMib, sumOf } from '../../helpers/process-usage.ts';
import type { RelaySwarm } from '../../helpers/relays.ts';
import { mutatedBytes } from '../mutate-bytes.ts';
import { Random, inputSeed } from '../random.ts';
import { httpRequest, toBytes } from './http-requests.ts';
import { HttpWire, parseAnswer, shown } from './http-wire.ts';
import type { HttpAnswer } from './http-wire.ts';
import { Judge } from './judge.ts';
import { datagramBytes, hostileLink, linkBytes, webSocketBytes } from './other-inputs.ts';
import { World } from './world.ts';

/** Inputs under way at once: enough for the relay's queue never to be empty. */
const CONNECTIONS = 12;
/** How often the relays' memory is looked at: this many inputs. */
const MEMORY_EVERY = 500;

const KINDS = ['http', 'damaged', 'websocket', 'link', 'peer', 'datagram'] as const;
type Kind = (typeof KINDS)[number];
/** Of 100 inputs; the rest is whole HTTP requests. */
const SHARES: Readonly<Record<Exclude<Kind, 'http'>, number>> = {
  damaged: 10,
  websocket: 4,
  link: 3,
  peer: 1,
  datagram: 2,
};

export interface EndpointReport {
  readonly seed: number;
  readonly inputs: Readonly<Record<Kind, number>>;
  /** By operation (`page or other`: of none): how often each status was answered. */
  readonly statuses: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Of all relays together, in the order of time. */
  readonly residentMib: readonly number[];
}

/** Sends that many inputs to the swarm's entry. Throws an error with the first input that was not answered as documented. */
export async function fuzzEndpoints(
  swarm: RelaySwarm,
  seed: number,
  inputs: number,
): Promise<EndpointReport> {
  const run = await EndpointRun.create(swarm, seed, inputs);
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => run.work()));
  } finally {
    run.close();
  }
  return run.report;
}

class EndpointRun {
  readonly #swarm: RelaySwarm;
  readonly #seed: number;
  readonly #end: number;
  readonly #world: World;
  readonly #judge: Judge;
  readonly #datagrams: Socket;
  readonly #inputs: Record<Kind, number> = {
    http: 0,
    damaged: 0,
    websocket: 0,
    link: 0,
    peer: 0,
    datagram: 0,
  };
  readonly #statuses = new Map<string, Map<number, number>>();
  readonly #residentMib: number[] = [];
  #next = 0;

  private constructor(swarm: RelaySwarm, seed: number, end: number, world: World, judge: Judge) {
    this.#swarm = swarm;
    this.#seed = seed;
    this.#end = end;
    this.#world = world;
    this.#judge = judge;
    this.#datagrams = createSocket('udp4');
  }

  static async create(swarm: RelaySwarm, seed: number, inputs: number): Promise<EndpointRun> {
    const { entry, relays } = swarm;
    const token = (await readFile(path.join(entry.dir, 'operator.token'), 'utf8')).trim();
    const ids = relays.map(({ id }) => id);
    const world = await World.create(seed, ids, token);
    const judge = new Judge(await GeneratedClient.of(entry.url), [token]);
    return new EndpointRun(swarm, seed, inputs, world, judge);
  }

  get report(): EndpointReport {
    const [inputs, statuses, resident] = [this.#inputs, this.#statuses, this.#residentMib];
    return { seed: this.#seed, inputs, statuses, residentMib: resident };
  }

  close(): void {
    this.#datagrams.close();
  }

  /** One input after the other, on one connection as long as that lasts. */
  async work(): Promise<void> {
    let wire: HttpWire | undefined;
    try {
      while (this.#next < this.#end) {
        const index = this.#next++;
        if (index % MEMORY_EVERY === 0) this.#residentMib.push(await sumOf(this.#pids(), rssMib));
        const random = new Random(inputSeed(this.#seed, 'endpoints', index));
        const kind = kindOf(random);
        this.#inputs[kind]++;
        if (kind === 'http') wire = await this.#http(random, index, wire);
        else await this.#other(kind, random, index);
      }
    } catch (cause) {
      // The others need not go on.
      this.#next = this.#end;
      throw cause;
    } finally {
      wire?.[Symbol.dispose]();
    }
  }

  #pids(): number[] {
    return this.#swarm.relays.map(({ pid }) => pid);
  }

  /** The connection for the next request, if it may have one. */
  async #http(random: Random, index: number, open: HttpWire | undefined): Promise<HttpWire | undefined> {
    const request = httpRequest(random, this.#world, index);
    const bytes = toBytes(request);
    const wire = open === undefined || open.ended ? await HttpWire.connect(this.#swarm.entry.port) : open;
    try {
      const answer = await wire.exchange(bytes, request.method === 'HEAD');
      this.#judge.judge(request, answer);
      this.#note(request.operationId ?? 'page or other', answer.status);
      const isUpgrade = request.headers.some(([name]) => name === 'upgrade');
      if (!isUpgrade && answer.headers['connection']?.toLowerCase() !== 'close') return wire;
      wire[Symbol.dispose]();
      return undefined;
    } catch (cause) {
      wire[Symbol.dispose]();
      throw this.#failure(request.operationId ?? 'http', index, bytes, cause);
    }
  }

  async #other(kind: Exclude<Kind, 'http'>, random: Random, index: number): Promise<void> {
    const { entry, discoveryPort } = this.#swarm;
    let bytes: Uint8Array = new Uint8Array();
    try {
      switch (kind) {
        case 'damaged': {
          const requests = [0, 1].map(() => toBytes(withoutToken(httpRequest(random, this.#world, index))));
          bytes = mutatedBytes(random, requests);
          this.#judgeFirst(await ended(entry.port, bytes));
          return;
        }
        case 'websocket':
          bytes = webSocketBytes(random);
          this.#judgeFirst(await ended(entry.port, bytes));
          return;
        case 'link':
          bytes = linkBytes(random);
          await ended(entry.linkPort, bytes);
          return;
        case 'peer':
          await hostileLink(entry.linkPort, random);
          return;
        case 'datagram':
          bytes = datagramBytes(random);
          this.#datagrams.send(bytes, discoveryPort, '127.0.0.1');
      }
    } catch (cause) {
      throw this.#failure(kind, index, bytes, cause);
    }
  }

  /** Of bytes that may be several requests, or a part of one. */
  #judgeFirst(received: Buffer): void {
    const answer = firstAnswer(received);
    if (answer === null) return;
    this.#note('damaged', answer.status);
    const method = answer.body.length > 0 ? 'GET' : 'HEAD';
    if (answer.status !== 101) this.#judge.judge({ operationId: null, method }, answer);
  }

  #note(operation: string, status: number): void {
    const counts = this.#statuses.get(operation) ?? new Map<number, number>();
    this.#statuses.set(operation, counts.set(status, (counts.get(status) ?? 0) + 1));
  }

  #failure(what: string, index: number, bytes: Uint8Array, cause: unknown): Error {
    const why = cause instanceof Error ? cause.message : String(cause);
    const seed = `seed ${String(this.#seed)}, input ${String(index)}`;
    return new Error(`${what} (${seed}): ${why}\nInput: ${shown(bytes)}`, { cause });
  }
}

function kindOf(random: Random): Kind {
  let left = random.below(100);
  for (const kind of KINDS) if (kind !== 'http' && (left -= SHARES[kind]) < 0) return kind;
  return 'http';
}

/** In what is damaged, a path may become another's. */
function withoutToken(request: ReturnType<typeof httpRequest>): ReturnType<typeof httpRequest> {
  return { ...request, headers: request.headers.filter(([name]) => name !== 'authorization') };
}

/** Everything that a port answers to these bytes, until it ends the connection. */
async function ended(port: number, bytes: Uint8Array): Promise<Buffer> {
  using wire = await HttpWire.connect(port);
  return await wire.sendAll(bytes);
}

/** Null: there is none. Without its body where that is not whole: whether there is one depends on a method that is damaged. */
function firstAnswer(received: Buffer): HttpAnswer | null {
  const end = received.indexOf('\r\n\r\n') + 4;
  if (end < 4) return null;
  const head = parseAnswer(received.subarray(0, end), true);
  const length = Number(head?.headers['content-length'] ?? 0);
  if (head === null || length === 0 || received.length < end + length) return head;
  const isBody = !received.subarray(end).toString('latin1', 0, 9).startsWith('HTTP/1.1');
  return isBody ? { ...head, body: received.subarray(end, end + length) } : head;
}
