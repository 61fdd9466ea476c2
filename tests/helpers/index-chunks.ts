/** Tells chunks of a user's files from those that the user's vault index has made. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { neededChunks, stateFrom } from '../../shared/vault/vault-state.ts';
import { VaultIndexStore } from '../../cli/adapters/vault-index-store.ts';
import { openVault } from '../../cli/adapters/vault.ts';
import { toHex } from '../../shared/bytes.ts';
import { VaultSync } from '../../shared/engine/vault-sync.ts';
import { parseManifestId } from '../../shared/ids.ts';
import type { CliUser } from './cli.ts';
import { holdersOfAll } from './stored-chunks.ts';

/** Ids of all chunks that the user's index is made of, or has been: its parts, and its files' stored manifests. */
export function indexChunks(user: CliUser): Set<string> {
  const file = user.path('data/lanvault/vault-index.sqlite');
  if (!existsSync(file)) return new Set();
  const database = new DatabaseSync(file);
  try {
    const rows = database.prepare('SELECT key, value FROM item').all() as { key: string; value: string }[];
    const state = stateFrom(rows.map(({ key, value }) => [key, value]));
    return new Set(state === null ? [] : [...neededChunks(state), ...state.head.doomed].map(({ id }) => id));
  } finally {
    database.close();
  }
}

/** As `holdersOfAll`, without what these users' indexes have made. */
export async function holdersOfFiles(
  storageDirs: readonly string[],
  ...users: readonly CliUser[]
): Promise<Map<string, string[]>> {
  const holders = await holdersOfAll(storageDirs);
  for (const user of users) for (const id of indexChunks(user)) holders.delete(id);
  return holders;
}

/** Takes this device's file of that name out of its index, and gives the chunks of its stored manifest. */
export async function forgetInIndex(user: CliUser, name: string): Promise<string[]> {
  const dataFolder = user.path('data/lanvault');
  const { secret, deviceId } = await openVault(dataFolder, () => undefined);
  using store = await VaultIndexStore.open(dataFolder, new AbortController().signal);
  const sync = await VaultSync.open({ vaultSecret: secret, deviceId, store });
  const own = [...sync.index.entries()].find(
    ({ place, file }) => place.name === name && file?.device === toHex(deviceId),
  );
  const manifest = parseManifestId(own?.file?.manifest);
  const ids = sync.linkChunksOf(manifest).map(({ id }) => id);
  await sync.forgetFile(manifest);
  return ids;
}
