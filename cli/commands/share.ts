import { AppError } from '../../shared/errors.ts';
import { formatLink, formatWebFragment, parseLink } from '../../shared/format/capability.ts';
import type { CapabilityLink } from '../../shared/format/capability.ts';
import { computeManifestId } from '../../shared/format/manifest.ts';
import type { PackedManifest } from '../../shared/format/manifest.ts';
import { safeName } from '../../shared/safe-name.ts';
import { openVault } from '../adapters/vault.ts';
import { readVaultIndex } from '../adapters/vault-index-store.ts';
import type { Output } from '../output.ts';
import { userDataFolder } from '../paths.ts';
import { terminalQr } from '../terminal-qr.ts';
import { chooseSwarm, namesRelays } from '../transfer/choose-swarm.ts';
import type { ChosenSwarm, SwarmOptions } from '../transfer/choose-swarm.ts';
import { CliVaultIndex, indexFile, networkOf, withVaultIndex } from '../transfer/cli-vault-index.ts';
import { findNamedFile } from '../transfer/named-file.ts';

export interface ShareOptions extends SwarmOptions {
  readonly qr?: boolean;
  /** Base URL that the web form of the link leads to. */
  readonly web?: string;
}

interface Shared {
  readonly name: string | null;
  readonly link: CapabilityLink;
}

/** Gives the link of a file: whoever has it can read the file. What the vault's list has needs no relays for it. */
export async function share(
  given: string,
  options: ShareOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const chosen = namesRelays(options) ? await chooseSwarm(options, 'download', signal) : null;
  const { name, link } = await linkOf(given, chosen, output, signal);
  const base = options.web ?? chosen?.entryUrl ?? null;
  const webLink = base === null ? null : `${base}/${formatWebFragment(link)}`;
  output.result({ name, link: formatLink(link), web_link: webLink });
  output.say(formatLink(link));
  if (webLink !== null) output.say(webLink);
  if (options.qr === true) output.say(terminalQr(webLink ?? formatLink(link)));
  output.warn(`Whoever has this link can read ${name === null ? 'the file' : safeName(name)}.`);
}

async function linkOf(
  given: string,
  chosen: ChosenSwarm | null,
  output: Output,
  signal: AbortSignal,
): Promise<Shared> {
  const named = await findNamedFile(given);
  if (named.kind === 'link') return { name: null, link: parseLink(named.link) };
  if (named.kind === 'listed') return { name: named.path, link: parseLink(named.node.file.link) };
  const { manifest } = named;
  const name = manifest.header.filename;
  const known = await listedLink(manifest);
  if (known !== null) return { name, link: parseLink(known) };
  if (chosen === null)
    throw new AppError(
      'BAD_INPUT',
      'The file is not in your vault’s list, so that its manifest has to be stored first: add --scan or --entry-node URL.',
    );
  return { name, link: parseLink(await storeLink(manifest, chosen, output, signal)) };
}

async function listedLink(manifest: PackedManifest): Promise<string | null> {
  const id = await computeManifestId(manifest);
  const state = await readVaultIndex(userDataFolder());
  const entry = state?.entries.find(({ file, deleted }) => file?.manifest === id && deleted === undefined);
  return entry?.file?.link ?? null;
}

/** The file comes into the vault's list with it: what lies on relays must be known here, to be deleted one day. */
async function storeLink(
  manifest: PackedManifest,
  chosen: ChosenSwarm,
  output: Output,
  signal: AbortSignal,
): Promise<string> {
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const network = await networkOf(chosen);
  if (network === null) throw new AppError('INTERNAL', 'Relays were named, and there are none.');
  const link = await withVaultIndex({ vault, dataFolder }, signal, (sync) =>
    indexFile(sync, manifest.header.filename, manifest, network, signal),
  );
  await CliVaultIndex.of({ chosen, vault, dataFolder, output })?.publish(signal);
  return link;
}
