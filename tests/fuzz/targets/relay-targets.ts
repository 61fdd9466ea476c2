/** A whole relay as other relays reach it, over answers and chunks that are as bad; and what it finds on its disk. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TSchema } from 'typebox';
import { DEFAULT_LIMITS } from '../../../relay/config/config.ts';
import type { Clock } from '../../../relay/services/ports.ts';
import { openIdentity } from '../../../relay/services/receipts.ts';
import { RelayCore } from '../../../relay/services/relay-core.ts';
import type { CoreNetwork } from '../../../relay/services/relay-core.ts';
import { RpcRouter } from '../../../relay/services/rpc.ts';
import type { RpcMethod } from '../../../relay/services/rpc.ts';
import { ChunkStore } from '../../../relay/storage/chunk-store.ts';
import { fsck } from '../../../relay/storage/fsck/fsck.ts';
import { loadOrCreateSeed } from '../../../relay/storage/identity-file.ts';
import { AppError, abortError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import { parseWith } from '../../../shared/protocol/schemas.ts';
import { chunkPath } from '../../helpers/stored-chunks.ts';
import { NONCE, idOf, sampleChunk, silentLog } from '../../unit/relay/fixtures.ts';
import { mutatedJson } from '../mutate-json.ts';
import type { JsonSample } from '../mutate-json.ts';
import { Random } from '../random.ts';
import { bytesTarget, jsonValueTarget } from '../target.ts';
import type { Target } from '../target.ts';
import { samplesOf } from './protocol-targets.ts';

/** A request to a whole relay, and a storage folder that is opened and checked. */
const RPC_COST = 4;
const FOLDER_COST = 30;
const FILE_COST = 8;
/** Memory, where the system has such a folder: syncing files to a disk takes most of the time otherwise. */
const TEMP = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export async function relayTargets(): Promise<{ targets: Target[]; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(TEMP, 'lanvault-fuzz-'));
  const relay = await FuzzedRelay.open(path.join(folder, 'relay'));
  const targets = [...relay.targets(), ...(await storageTargets(path.join(folder, 'storage')))];
  const remove = async (): Promise<void> => {
    await relay[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
  return { targets, remove };
}

/** Time goes on with each look at it; nothing that waits for it ever comes. */
class EagerClock implements Clock {
  #now = 0;

  now(): number {
    return (this.#now += 5);
  }

  uptime(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  every(): void {
    // Nobody's turn.
  }

  async sleep(_delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError(signal);
    await new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(abortError(signal)), { once: true }),
    );
  }
}

class FuzzedRelay implements AsyncDisposable {
  readonly #store: ChunkStore;
  readonly #methods: RpcMethod[] = [];
  readonly #faults: unknown[] = [];
  readonly #peers: RelayId[];
  #core: RelayCore<CoreNetwork> | undefined;
  /** Of the input that is under way: what the other relays answer. */
  #random = new Random(1);

  private constructor(store: ChunkStore) {
    this.#store = store;
    this.#peers = [1, 2, 3, 4].map((number) => String(number).repeat(64) as RelayId);
  }

  static async open(dir: string): Promise<FuzzedRelay> {
    const clock = new EagerClock();
    const store = await ChunkStore.open({
      ...{ dir, capacityBytes: 2 ** 20, freeSpaceFloorBytes: 0, log: silentLog },
      wallTime: () => clock.wallTime(),
    });
    await store.reconciliation;
    const relay = new FuzzedRelay(store);
    const { identity, signer } = await openIdentity(new Uint8Array(32).fill(7));
    const restore = relay.#watchHandlers();
    const core = new RelayCore(
      {
        ...{ identity, signer, store, clock, machine: 'm', version: '0', capacityBytes: 2 ** 20 },
        ...{ limits: DEFAULT_LIMITS, random: () => relay.#random.below(1000) / 1000, log: relay.#log() },
      },
      () => relay.#network(),
    );
    restore();
    relay.#core = core;
    for (const [index, id] of relay.#peers.entries())
      core.membership.verified({
        ...{ id, capacity: 2 ** 30, machine: `m${String(index)}`, beat: 1, port: 8000 },
        address: { host: `10.0.0.${String(index + 2)}`, link: 9000 },
      });
    for (const size of [200, 4000]) {
      const chunk = sampleChunk(size);
      await core.local.store(chunk.id, chunk.bytes, NONCE);
    }
    return relay;
  }

  /** One for each request that relays answer. */
  targets(): Target[] {
    return this.#methods.map((method) =>
      jsonValueTarget(
        `relay: ${method.name}`,
        samplesOf(method.params).map(aboutTombstones),
        (params, random) => this.#ask(method, params, random),
        { cost: RPC_COST },
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#core?.[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
  }

  async #ask(method: RpcMethod, params: unknown, random: Random): Promise<void> {
    this.#random = random;
    const from = random.pick([...this.#peers, 'ee'.repeat(32) as RelayId]);
    const ended = new AbortController();
    try {
      await this.#settle(method, params, from, ended);
    } finally {
      ended.abort();
    }
    const [fault] = this.#faults.splice(0);
    if (fault !== undefined) throw new Error('The relay logged a fault.', { cause: fault });
  }

  async #settle(method: RpcMethod, params: unknown, from: RelayId, ended: AbortController): Promise<void> {
    const asked = this.#core?.router.answer(method.name, params, from, ended.signal);
    // Handlers that wait for time are given up, as by a peer that hangs up.
    await Promise.race([asked, new Promise((resolve) => setImmediate(resolve))]);
    ended.abort(new AppError('ABORTED', 'Cancelled.'));
    // What a link does with it.
    JSON.stringify(parseWith(method.result, await asked, 'An answer'));
  }

  /** Handlers are registered by the services, as they are made. */
  #watchHandlers(): () => void {
    const original = Object.getOwnPropertyDescriptor(RpcRouter.prototype, 'handle');
    if (original === undefined) throw new Error('A router has no handle().');
    const handle = original.value as (this: RpcRouter, method: RpcMethod, handler: unknown) => void;
    const methods = this.#methods;
    Object.defineProperty(RpcRouter.prototype, 'handle', {
      ...original,
      value: function (this: RpcRouter, method: RpcMethod, handler: unknown) {
        methods.push(method);
        handle.call(this, method, handler);
      },
    });
    return () => Object.defineProperty(RpcRouter.prototype, 'handle', original);
  }

  #log() {
    const judge = (details: object): void => {
      const cause = 'err' in details ? details.err : undefined;
      if (cause !== undefined && !(cause instanceof AppError)) this.#faults.push(cause);
    };
    return { debug: judge, info: judge, warn: judge, error: judge };
  }

  /** Other relays: each answer is a mutated one, or none. */
  #network(): CoreNetwork {
    const unavailable = () => Promise.reject(new AppError('UNAVAILABLE', 'The relay does not answer.'));
    return {
      transport: {
        putChunk: unavailable,
        getChunk: () => Promise.resolve(this.#random.bytes(this.#random.skewed(500))),
        queryChunk: async function* () {
          // Nobody has it.
        },
      },
      rpc: {
        call: async (_to, method) => {
          if (this.#random.chance(0.2)) return unavailable();
          return parseWith(method.result, this.#answerOf(method.result), 'A relay’s answer');
        },
      },
      links: {
        linked: () => this.#peers,
        open: () => Promise.resolve(),
        keep: () => undefined,
        onLost: () => undefined,
      },
      introduce: unavailable,
    };
  }

  #answerOf(schema: TSchema): unknown {
    const samples = samplesOf(schema);
    const text = this.#random.chance(0.5)
      ? JSON.stringify(this.#random.pick(samples))
      : mutatedJson(this.#random, samples);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new AppError('UNAVAILABLE', 'The relay sent what is no JSON.', { cause });
    }
  }
}

/** The one set that relays share by gossip: of another, nothing is said. */
function aboutTombstones(params: JsonSample): JsonSample {
  const fields = params as Record<string, unknown>;
  if (!('set' in fields)) return params;
  const item = { body_hash: 'ab'.repeat(32), token: 'cd'.repeat(32), age_ms: 5 };
  return {
    ...fields,
    set: 'tombstones',
    ...('items' in fields ? { items: [item, { ...item, age_ms: 0 }] } : {}),
  };
}

async function storageTargets(dir: string): Promise<Target[]> {
  const chunk = sampleChunk(2000);
  const options = {
    dir,
    capacityBytes: 2 ** 30,
    freeSpaceFloorBytes: 0,
    log: silentLog,
    wallTime: () => 1000,
  };
  const open = async (): Promise<ChunkStore> => {
    const store = await ChunkStore.open(options);
    await store.reconciliation;
    return store;
  };
  {
    await using store = await open();
    await store.put(chunk.id, [chunk.bytes]);
  }
  const index = path.join(dir, 'dht_index.sqlite');
  const goodIndex = new Uint8Array(readFileSync(index));
  const { signal } = new AbortController();
  const checked = async (): Promise<void> => {
    {
      await using store = await open();
      store.inventory('', 10);
      // What it takes for whole it must be.
      const bytes = store.has(chunk.id) ? await store.read(chunk.id) : null;
      if (bytes !== null && idOf(bytes) !== chunk.id && store.usage.chunks > 0) await store.verify(chunk.id);
    }
    await fsck({ dir, repair: true, now: 1000, onChunk: () => undefined }, signal);
    await fsck({ dir, repair: false, now: 1000, onChunk: () => undefined }, signal);
  };
  const seed = path.join(dir, 'fuzzed.key');
  return [
    bytesTarget(
      'storage: index',
      [goodIndex],
      async (bytes) => {
        for (const suffix of ['-wal', '-shm']) await rm(index + suffix, { force: true });
        await mkdir(path.dirname(index), { recursive: true });
        await writeFile(index, bytes);
        await checked();
      },
      { cost: FOLDER_COST },
    ),
    bytesTarget(
      'storage: chunk file',
      [chunk.bytes],
      async (bytes) => {
        const file = chunkPath(dir, chunk.id);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, bytes);
        await checked();
      },
      { cost: FOLDER_COST },
    ),
    bytesTarget(
      'storage: identity',
      [new Uint8Array(32)],
      async (bytes) => {
        await writeFile(seed, bytes, { mode: 0o600 });
        return openIdentity(await loadOrCreateSeed(seed));
      },
      { cost: FILE_COST },
    ),
  ];
}
