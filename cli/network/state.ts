/** What `network start` leaves behind for `status` and `stop`: which process serves which port, from which folder. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import Type from 'typebox';
import type { Static } from 'typebox';
import { utf8 } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { Fingerprint } from '../../shared/protocol/ready.ts';
import { Id, Port, parseJsonWith } from '../../shared/protocol/schemas.ts';
import { writeFileAtomic } from '../adapters/atomic-file.ts';
import { errnoOf, ioError } from '../adapters/io-errors.ts';

const NetworkNode = Type.Object({
  /** `relay-8000` or `web-ui`: also the name of its folder and log. */
  name: Type.String({ pattern: '^(relay-[0-9]+|web-ui)$' }),
  /** Its place among the relays; null for the web UI. */
  index: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  pid: Type.Integer({ minimum: 2 }),
  /** See `ProcessIdentity`. */
  started: Type.String(),
  id: Id,
  port: Port,
  link: Port,
  /** HTTPS. */
  https: Type.Optional(Port),
  /** Of the authority behind it. */
  authority: Type.Optional(Fingerprint),
  /** By `network kill`: it is meant to be down. */
  killed: Type.Optional(Type.Literal(true)),
  /** By `network slow`: how long it is frozen at a time. */
  slow_ms: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type NetworkNode = Static<typeof NetworkNode>;

const NetworkState = Type.Object({
  format: Type.Literal('lanvault-network/1'),
  /** The address that the relays listen on. */
  host: Type.String(),
  discovery_port: Type.Integer({ minimum: 0, maximum: 65_535 }),
  /** Key file of a private network. */
  swarm_key: Type.Optional(Type.String()),
  /** What HTTPS of the web UI was asked for on. */
  tls_port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  /** The process that keeps the slow ones slow. */
  freezer: Type.Optional(
    Type.Union([Type.Object({ pid: Type.Integer({ minimum: 2 }), started: Type.String() }), Type.Null()]),
  ),
  nodes: Type.Array(NetworkNode, { maxItems: 4096 }),
});
export type NetworkState = Static<typeof NetworkState>;

const statePath = (dataFolder: string): string => join(dataFolder, 'network.json');

/** Null when no network was started from this folder. Throws `CORRUPT` for a file that is not a state, `IO`. */
export async function readState(dataFolder: string): Promise<NetworkState | null> {
  const path = statePath(dataFolder);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return null;
    throw ioError(cause, `Reading ${path}`);
  }
  try {
    return parseJsonWith(NetworkState, text, path);
  } catch (cause) {
    throw new AppError(
      'CORRUPT',
      `${path} cannot be understood. Stop relays that still run by hand (ps), then delete the file.`,
      { cause },
    );
  }
}

export async function writeState(dataFolder: string, state: NetworkState): Promise<void> {
  await writeFileAtomic(statePath(dataFolder), utf8(`${JSON.stringify(state, null, 1)}\n`), {
    replace: true,
  });
}

export async function removeState(dataFolder: string): Promise<void> {
  await rm(statePath(dataFolder), { force: true });
}
