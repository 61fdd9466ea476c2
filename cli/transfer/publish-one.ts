/** Puts a file's manifest into the public catalog, with this user's vault as the owner. */
import { deriveDeleteKey } from '../../shared/crypto/kdf.ts';
import { publishManifest } from '../../shared/engine/catalog-publish.ts';
import type { PublishResult } from '../../shared/engine/catalog-publish.ts';
import type { CatalogPort } from '../../shared/engine/catalog.ts';
import { AppError } from '../../shared/errors.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import { FilePublicationStore } from '../adapters/publication-store.ts';
import type { Vault } from '../adapters/vault.ts';
import { confirm } from '../confirm.ts';
import type { Output } from '../output.ts';
import type { ChosenSwarm } from './choose-swarm.ts';
import { loadCliXz } from './open-link.ts';

/** Throws `BAD_INPUT` in the local simulation, which has nobody to publish to. */
export function catalogOf({ catalog }: ChosenSwarm): CatalogPort {
  if (catalog !== null) return catalog;
  throw new AppError('BAD_INPUT', 'The catalog is kept by relays: add --scan or --entry-node URL.');
}

/** Says what publishing means, and asks. Throws `BAD_INPUT` where there is nobody to ask and no `--yes`. */
export async function agreeToPublish(
  what: string,
  yes: boolean,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  const warning = `Publishing means that anyone on the swarm can find and read ${what}, and keep a copy.`;
  output.warn(warning);
  return yes || confirm('Publish?', output, signal);
}

export async function publishOne(
  manifest: Manifest,
  { chosen, vault, dataFolder }: { chosen: ChosenSwarm; vault: Vault; dataFolder: string },
  signal: AbortSignal,
): Promise<PublishResult> {
  return publishManifest(
    manifest,
    {
      catalog: catalogOf(chosen),
      store: new FilePublicationStore(dataFolder),
      vaultSecret: vault.secret,
      deleteKey: await deriveDeleteKey(vault.secret, vault.deviceId),
      swarm: chosen.swarm,
      xz: await loadCliXz(),
    },
    signal,
  );
}
