import { unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import type { WrappedSecret } from '../../../shared/crypto/device-key.ts';
import type { LockedKey } from '../../../shared/crypto/passphrase.ts';
import { parseManifestId } from '../../../shared/ids.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { journalKeyContext } from './idb-journals.ts';
import { linkKeyContext, ownerKeyContext, ownerTokenContext } from './idb-shares.ts';
import { SWARM_KEY_CONTEXT } from './idb-swarm-key.ts';
import { itemContext } from './idb-vault-items.ts';
import { fileKeyContext } from './manifest-reader.ts';
import { THIS_DEVICE, THIS_SWARM } from './schema.ts';
import type { FileRecord, JournalRecord, LanvaultDatabase, ShareRecord, VaultRecord } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';
import { VAULT_SECRET_CONTEXT } from './vault-store.ts';

const STORES = ['vault', 'files', 'shares', 'journals', 'swarm-keys', 'vault-index'] as const;

/** From under one key to under another; `context` as it was wrapped. */
type Rewrap = (secret: WrappedSecret, context: string) => Promise<WrappedSecret>;

/**
 * Puts every secret of the database under `next`, which is kept as `kept`; all or nothing. Nobody else may write meanwhile.
 * Throws `CORRUPT` when one of them does not open under `current`, `NO_SPACE`, `IO`.
 */
export async function rewrapAll(
  database: LanvaultDatabase,
  current: CryptoKey,
  next: CryptoKey,
  kept: CryptoKey | LockedKey,
): Promise<void> {
  const rewrap: Rewrap = async (secret, context) =>
    wrapSecret(await unwrapSecret(secret, current, context), next, context);
  const { vault, swarmKey, files, journals, shares, items } = await readAll(database);
  if (vault === undefined) throw new TypeError('There is a vault as soon as there is a device key.');
  // Before the transaction: it would end while these are awaited.
  const newVault = await vaultUnder(vault, rewrap, kept);
  const newSwarmKey = swarmKey === undefined ? null : await rewrap(swarmKey, SWARM_KEY_CONTEXT);
  const newFiles = await Promise.all(
    files.map(async (file) => ({ ...file, key: await rewrap(file.key, fileKeyContext(file.manifestId)) })),
  );
  const newJournals = await Promise.all(
    journals.map(async (journal) => ({
      ...journal,
      key: await rewrap(journal.key, journalKeyContext(journal.uploadId)),
    })),
  );
  const newShares = await Promise.all(
    shares.map(async ([id, share]) => [id, await shareUnder(share, parseManifestId(id), rewrap)] as const),
  );
  const newItems = await Promise.all(
    items.map(async ([key, item]) => [key, await rewrap(item, itemContext(key))] as const),
  );
  await withStorageErrors(async () => {
    const transaction = database.transaction(STORES, 'readwrite', { durability: 'strict' });
    const store = <Name extends (typeof STORES)[number]>(name: Name) => transaction.objectStore(name);
    const work: Promise<unknown>[] = [transaction.done, store('vault').put(newVault, THIS_DEVICE)];
    if (newSwarmKey !== null) work.push(store('swarm-keys').put(newSwarmKey, THIS_SWARM));
    for (const file of newFiles) work.push(store('files').put(file));
    for (const journal of newJournals) work.push(store('journals').put(journal));
    for (const [id, share] of newShares) work.push(store('shares').put(share, id));
    for (const [key, item] of newItems) work.push(store('vault-index').put(item, key));
    await Promise.all(work);
  });
}

interface AllSecrets {
  readonly vault: VaultRecord | undefined;
  readonly swarmKey: WrappedSecret | undefined;
  readonly files: readonly FileRecord[];
  readonly journals: readonly JournalRecord[];
  readonly shares: readonly (readonly [string, ShareRecord])[];
  readonly items: readonly (readonly [string, WrappedSecret])[];
}

function readAll(database: LanvaultDatabase): Promise<AllSecrets> {
  return withStorageErrors(async () => {
    const transaction = database.transaction(STORES);
    const [vault, swarmKey, files, journals, shareIds, shares, keys, items] = await Promise.all([
      transaction.objectStore('vault').get(THIS_DEVICE),
      transaction.objectStore('swarm-keys').get(THIS_SWARM),
      transaction.objectStore('files').getAll(),
      transaction.objectStore('journals').getAll(),
      transaction.objectStore('shares').getAllKeys(),
      transaction.objectStore('shares').getAll(),
      transaction.objectStore('vault-index').getAllKeys(),
      transaction.objectStore('vault-index').getAll(),
    ]);
    return { vault, swarmKey, files, journals, shares: paired(shareIds, shares), items: paired(keys, items) };
  });
}

/** Keys and values of one transaction: as many of the one as of the other. */
function paired<Value>(keys: readonly string[], values: readonly Value[]): [string, Value][] {
  return values.map((value, i) => [keys[i] ?? '', value]);
}

async function vaultUnder(
  { secret, deviceId, former }: VaultRecord,
  rewrap: Rewrap,
  kept: CryptoKey | LockedKey,
): Promise<VaultRecord> {
  const renewed = {
    deviceKey: kept,
    secret: await rewrap(secret, VAULT_SECRET_CONTEXT),
    deviceId,
  };
  if (former === undefined) return renewed;
  const identities = former.map(async (each) => ({
    secret: await rewrap(each.secret, VAULT_SECRET_CONTEXT),
    deviceId: each.deviceId,
  }));
  return { ...renewed, former: await Promise.all(identities) };
}

async function shareUnder(share: ShareRecord, id: ManifestId, rewrap: Rewrap): Promise<ShareRecord> {
  const { link, ownerLink } = share;
  return {
    ...share,
    link: link === null ? null : { id: link.id, key: await rewrap(link.key, linkKeyContext(id)) },
    ...(ownerLink === undefined
      ? {}
      : {
          ownerLink: {
            id: ownerLink.id,
            key: await rewrap(ownerLink.key, ownerKeyContext(id)),
            token: await rewrap(ownerLink.token, ownerTokenContext(id)),
          },
        }),
  };
}
