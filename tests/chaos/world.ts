/** What a chaos run plays on: hosts on a LAN of their own, a relay on each, hostile ones at times, and people with the command line. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { PeersPage, Status } from '../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { Lan } from '../helpers/netns.ts';
import { RelayProcess } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';
import { ChaosRelay } from './chaos-relay.ts';

const DISCOVERY_PORT = 9999;
const SETTLE_MS = 180_000;

export class World implements AsyncDisposable {
  readonly relays: ChaosRelay[] = [];
  /** Hosts in parts that do not hear each other; null while the network is whole. */
  partition: readonly (readonly number[])[] | null = null;
  /** Whether a hostile relay may be among the others, from before its start until after its end. */
  isHostile = false;
  /** How many have come so far. */
  hostileCount = 0;
  #hostile: RelayProcess | null = null;
  readonly #lan: Lan;

  private constructor(lan: Lan) {
    this.#lan = lan;
  }

  /** A relay on each of `hosts` hosts, and one host more, for a hostile one. */
  static async create(hosts: number): Promise<World> {
    const world = new World(await Lan.create(hosts + 1));
    try {
      await mkdir(world.logFolder);
      for (let host = 0; host < hosts; host++)
        world.relays.push(await ChaosRelay.create(world.#lan.host(host), world.logFolder));
      await world.settled();
      return world;
    } catch (cause) {
      await world[Symbol.asyncDispose]();
      throw cause;
    }
  }

  get logFolder(): string {
    return path.join(this.#lan.dir, 'logs');
  }

  split(groups: readonly (readonly number[])[]): void {
    this.#lan.partition(groups);
    this.partition = groups;
  }

  heal(): void {
    this.#lan.heal();
    this.partition = null;
  }

  async addHostile(): Promise<void> {
    const host = this.#lan.host(this.relays.length);
    this.hostileCount++;
    this.isHostile = true;
    this.#hostile = await RelayProcess.start({
      discoveryPort: DISCOVERY_PORT,
      dir: path.join(this.#lan.dir, `hostile-${String(Date.now())}`),
      extraArgs: ['--host', '0.0.0.0'],
      main: 'tests/helpers/hostile-relay-main.ts',
      within: host.within,
    });
  }

  async removeHostile(): Promise<void> {
    await this.#hostile?.kill();
    this.#hostile = null;
    this.isHostile = false;
  }

  /** Waits until every relay lists exactly all of them, and serves. */
  async settled(): Promise<void> {
    const expected = this.relays.map(({ id }) => id).sort();
    for (const relay of this.relays) {
      await until(
        async () => {
          try {
            const { peers } = parseJsonWith(PeersPage, await relay.ask('GET', '/peers'), 'The peers');
            const { ready } = parseJsonWith(Status, await relay.ask('GET', '/status'), 'The status');
            return (
              ready &&
              peers
                .map(({ id }) => id)
                .sort()
                .join() === expected.join()
            );
          } catch {
            // It starts just now.
            return false;
          }
        },
        `${relay.name} lists all relays and serves`,
        SETTLE_MS,
      );
    }
  }

  /** How many relays have the chunk's file, whole. */
  async intactCopies(id: string): Promise<number> {
    const held = await Promise.all(this.relays.map((relay) => relay.holdsIntact(id)));
    return held.filter(Boolean).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.removeHostile();
    for (const relay of this.relays) await relay[Symbol.asyncDispose]();
    await this.#lan[Symbol.asyncDispose]();
  }
}
