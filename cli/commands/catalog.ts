import { deriveDeleteKey } from '../../shared/crypto/kdf.ts';
import { listCatalog, openPublication } from '../../shared/engine/catalog.ts';
import type { CatalogEntry, CatalogPort, CatalogSummary } from '../../shared/engine/catalog.ts';
import { entryIdOf, unpublish } from '../../shared/engine/catalog-publish.ts';
import type { OwnPublication } from '../../shared/engine/catalog-publish.ts';
import { AppError } from '../../shared/errors.ts';
import { formatLink } from '../../shared/format/capability.ts';
import { foldName } from '../../shared/protocol/catalog.ts';
import { safeName } from '../../shared/safe-name.ts';
import { readManifestFile } from '../adapters/manifest-file.ts';
import { FilePublicationStore } from '../adapters/publication-store.ts';
import { openVault } from '../adapters/vault.ts';
import type { Output } from '../output.ts';
import { resolveUserPath, userDataFolder } from '../paths.ts';
import { formatBytes, plural } from '../text.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { SwarmOptions } from '../transfer/choose-swarm.ts';
import { loadCliXz } from '../transfer/open-link.ts';
import { agreeToPublish, catalogOf, publishOne } from '../transfer/publish-one.ts';
import { assertOutputIsFree, restoreManifest } from './reconstruct.ts';

export interface CatalogListOptions extends SwarmOptions {
  readonly mine?: boolean;
}

export interface CatalogGetOptions extends SwarmOptions {
  readonly force?: boolean;
}

export interface CatalogPublishOptions extends SwarmOptions {
  readonly yes?: boolean;
}

/** A part of an entry's id that is long enough to mean one. */
const ID_PREFIX = /^[0-9a-f]{8,64}$/;
/** Entries that an ambiguous name is answered with. */
const MAX_CHOICES = 5;

/** `q` null lists everything. */
export async function catalogList(
  q: string | null,
  options: CatalogListOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const catalog = catalogOf(await chooseSwarm(options, 'download', signal));
  const mine = options.mine === true ? await ownEntryIds() : null;
  const { entries, summary } = await readCatalog(catalog, q ?? '', signal);
  const shown = entries
    .filter(({ id }) => mine === null || mine.has(id))
    .sort((a, b) => a.publication.name.localeCompare(b.publication.name, 'en') || (a.id < b.id ? -1 : 1));
  output.result({ entries: shown.map(rowOf), ...summary });
  for (const entry of shown) output.say(lineOf(entry));
  if (shown.length === 0) output.say('Nothing was found.');
  warnOfGaps(summary, output);
}

export async function catalogGet(
  name: string,
  outputName: string,
  options: CatalogGetOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  assertOutputIsFree(outputName, output);
  const chosen = await chooseSwarm(options, 'download', signal);
  const entry = await findEntry(catalogOf(chosen), name, output, signal);
  const manifest = await openPublication(entry, { swarm: chosen.swarm, xz: await loadCliXz() }, signal);
  await restoreManifest(manifest, outputName, { chosen, force: options.force === true }, output, signal);
}

export async function catalogPublish(
  manifestName: string,
  options: CatalogPublishOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const manifest = await readManifestFile(manifestName === '-' ? '-' : resolveUserPath(manifestName));
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const chosen = await chooseSwarm(options, 'download', signal);
  catalogOf(chosen);
  const name = safeName(manifest.header.filename);
  if (!(await agreeToPublish(name, options.yes === true, output, signal))) {
    output.say('Nothing was published.');
    return;
  }
  const { publication, entryId, holders } = await publishOne(manifest, { chosen, vault, dataFolder }, signal);
  output.result({ id: entryId, name: publication.name, holders });
  output.say(`Published ${safeName(publication.name)} as ${entryId}, kept by ${plural(holders, 'relay')}.`);
}

export async function catalogUnpublish(
  name: string,
  options: SwarmOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const dataFolder = userDataFolder();
  const store = new FilePublicationStore(dataFolder);
  const publication = ownNamed(await store.list(), name);
  const vault = await openVault(dataFolder, output.warn);
  const chosen = await chooseSwarm(options, 'download', signal);
  const deleteKeys = [await deriveDeleteKey(vault.secret, vault.deviceId)];
  const { swarm } = chosen;
  await unpublish(
    publication,
    { catalog: catalogOf(chosen), store, vaultSecret: vault.secret, swarm, deleteKeys },
    signal,
  );
  output.result({ id: entryIdOf(publication), name: publication.name });
  output.say(`Unpublished ${safeName(publication.name)}. Whoever has opened it may have kept the key.`);
}

async function readCatalog(
  catalog: CatalogPort,
  q: string,
  signal: AbortSignal,
): Promise<{ entries: CatalogEntry[]; summary: CatalogSummary }> {
  const entries: CatalogEntry[] = [];
  let summary: CatalogSummary = { skipped: 0, unreachable: 0, truncated: false };
  const onSummary = (ended: CatalogSummary): void => {
    summary = ended;
  };
  for await (const entry of listCatalog({ catalog, q, onSummary }, signal)) entries.push(entry);
  return { entries, summary };
}

/** By id, the beginning of one, or the whole name. */
async function findEntry(
  catalog: CatalogPort,
  given: string,
  output: Output,
  signal: AbortSignal,
): Promise<CatalogEntry> {
  const byId = ID_PREFIX.test(given);
  const { entries, summary } = await readCatalog(catalog, byId ? '' : given, signal);
  const named = entries.filter(({ publication }) => foldName(publication.name) === foldName(given));
  const found = byId ? entries.filter(({ id }) => id.startsWith(given)) : named;
  const [only] = found;
  if (only === undefined) {
    warnOfGaps(summary, output);
    throw new AppError('NOT_FOUND', `The catalog has nothing that is called ${safeName(given)}.`);
  }
  if (found.length > 1) throw ambiguous(found.map(({ id }) => id));
  return only;
}

/** Throws `NOT_FOUND` for what this vault has not published, or has unpublished. */
function ownNamed(all: readonly OwnPublication[], given: string): OwnPublication {
  const current = all.filter(({ state }) => state !== 'unpublished');
  const found = current.filter((own) =>
    ID_PREFIX.test(given)
      ? entryIdOf(own)?.startsWith(given) === true
      : foldName(own.name) === foldName(given),
  );
  const [only] = found;
  if (only === undefined) {
    throw new AppError(
      'NOT_FOUND',
      'This device has published nothing of that name or id: only the vault that published it can take it back.',
    );
  }
  if (found.length > 1) throw ambiguous(found.map((own) => entryIdOf(own) ?? own.id));
  return only;
}

function ambiguous(ids: readonly string[]): AppError {
  const choices = ids.slice(0, MAX_CHOICES).join(', ') + (ids.length > MAX_CHOICES ? ', …' : '');
  return new AppError('BAD_INPUT', `Several entries are called that. Name one by its id: ${choices}.`);
}

async function ownEntryIds(): Promise<ReadonlySet<string | null>> {
  return new Set((await new FilePublicationStore(userDataFolder()).list()).map(entryIdOf));
}

function rowOf({ id, publication, link }: CatalogEntry): Readonly<Record<string, unknown>> {
  const { name, size, type, created } = publication;
  return { id, name, size, type, created, link: formatLink(link) };
}

function lineOf({ id, publication }: CatalogEntry): string {
  const { name, size, created } = publication;
  return `${id.slice(0, 12)}  ${created.slice(0, 10)}  ${formatBytes(size).padStart(9)}  ${safeName(name)}`;
}

function warnOfGaps({ unreachable, truncated }: CatalogSummary, output: Output): void {
  if (unreachable > 0)
    output.warn('Some relays that keep the catalog cannot be reached: there may be more than this.');
  if (truncated) output.warn('The catalog goes on beyond what is shown: search for a name.');
}
