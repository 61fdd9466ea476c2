/** Relays that this user may give orders to: whose storage folder, with the operator's token in it, can be read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localUrl } from '../../shared/protocol/address.ts';
import { systemClock } from '../../shared/engine/clock.ts';
import { RelayOperator, isOperatorToken } from '../../shared/engine/relay-operator.ts';
import { AppError } from '../../shared/errors.ts';
import { errnoOf, ioError } from '../adapters/io-errors.ts';
import { DEFAULT_NETWORK_DATA, resolveNetworkFolder, resolveUserPath } from '../paths.ts';
import { readState } from './state.ts';

export interface OperatedOptions {
  readonly storageDir?: string;
  readonly entryNode?: string;
  readonly dataDir?: string;
}

export interface OperatedRelay {
  /** How a person calls it. */
  readonly name: string;
  readonly url: string;
  readonly token: string;
}

/**
 * The relay of a storage folder; without one, the relays of the running network, or those of them that are named by name or
 * port. Throws `BAD_INPUT`, `NOT_FOUND`, `UNAVAILABLE` (none runs), `IO`.
 */
export async function operatedRelays(
  names: readonly string[],
  options: OperatedOptions,
): Promise<OperatedRelay[]> {
  const { storageDir, entryNode, dataDir } = options;
  if (storageDir !== undefined) {
    if (names.length > 0)
      throw new AppError('BAD_INPUT', 'Give either relays of the network or --storage-dir.');
    const folder = resolveUserPath(storageDir);
    const token = await readToken(folder);
    return [{ name: storageDir, url: entryNode ?? (await readLine(join(folder, 'operator.url'))), token }];
  }
  const dataFolder = resolveNetworkFolder(dataDir, DEFAULT_NETWORK_DATA);
  const state = await readState(dataFolder);
  if (state === null)
    throw new AppError(
      'UNAVAILABLE',
      'No network is running here. Name a relay’s folder with --storage-dir.',
    );
  const nodes = state.nodes.map(({ name, port }) => ({ name, port, url: localUrl(state.host, port) }));
  const relays = nodes.filter(({ name }) => name !== 'web-ui');
  const chosen =
    entryNode === undefined
      ? relays
      : relays.filter(({ url }) => new URL(url).origin === new URL(entryNode).origin);
  if (chosen.length === 0)
    throw new AppError('BAD_INPUT', 'The network has no such relay. Name its folder with --storage-dir.');
  const named = names.map((name) => {
    const found = chosen.find((relay) => relay.name === name || String(relay.port) === name);
    if (found === undefined) throw new AppError('BAD_INPUT', `The network has no relay "${name}".`);
    return found;
  });
  return Promise.all(
    (names.length > 0 ? named : chosen).map(async ({ name, url }) => {
      return { name, url, token: await readToken(join(dataFolder, name)) };
    }),
  );
}

export function operatorOf({ name, url, token }: OperatedRelay): RelayOperator {
  return new RelayOperator({
    ...{ name, url, token },
    fetch: (input, init) => fetch(input, init),
    clock: systemClock,
  });
}

async function readToken(folder: string): Promise<string> {
  const token = await readLine(join(folder, 'operator.token'));
  if (isOperatorToken(token)) return token;
  throw new AppError(
    'CORRUPT',
    `The operator's token in ${folder} cannot be understood. Start the relay again.`,
  );
}

async function readLine(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT' && errnoOf(cause) !== 'ENOTDIR') throw ioError(cause, `Reading ${path}`);
    throw new AppError('UNAVAILABLE', `There is no ${path}: no relay has run on this folder yet.`, { cause });
  }
}
