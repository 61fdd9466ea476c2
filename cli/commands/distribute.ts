import { basename, resolve } from 'node:path';
import type { CompressionMode } from '../../shared/codec/compression.ts';
import { deriveDeleteKey } from '../../shared/crypto/kdf.ts';
import type { PublishResult } from '../../shared/engine/catalog-publish.ts';
import { AppError } from '../../shared/errors.ts';
import { toFilename } from '../../shared/format/manifest.ts';
import { REPLICAS } from '../../shared/limits.ts';
import { safeName } from '../../shared/safe-name.ts';
import { filesBelow, isFolder } from '../adapters/folder-walk.ts';
import type { FoundFile } from '../adapters/folder-walk.ts';
import { manifestPathFor } from '../adapters/manifest-file.ts';
import { startWorkers } from '../adapters/workers.ts';
import { openVault } from '../adapters/vault.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import { reportError } from '../output.ts';
import type { Output } from '../output.ts';
import { DEFAULT_MANIFESTS, resolveUserPath, userDataFolder } from '../paths.ts';
import { formatBytes, formatSeconds, plural } from '../text.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { SwarmOptions } from '../transfer/choose-swarm.ts';
import { CliVaultIndex } from '../transfer/cli-vault-index.ts';
import { agreeToPublish, catalogOf, publishOne } from '../transfer/publish-one.ts';
import { uploadOne } from '../transfer/upload-one.ts';
import type { UploadContext, UploadedFile } from '../transfer/upload-one.ts';

export interface DistributeOptions extends SwarmOptions {
  readonly file?: readonly string[];
  readonly recursive?: boolean;
  readonly manifest?: string;
  /** What the file is called from now on; stdin has no name of its own. */
  readonly name?: string;
  readonly compression: CompressionMode;
  readonly minReplicas: number;
  readonly publish?: boolean;
  /** Do not ask before publishing. */
  readonly yes?: boolean;
}

/** Uploads every file. One that fails does not keep the others from being stored; the first failure's status counts. */
export async function distribute(
  given: readonly string[],
  options: DistributeOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const paths = [...given, ...(options.file ?? [])].map((path) =>
    path === '-' ? path : resolveUserPath(path),
  );
  assertSensible(paths, options, output);
  const vault = await openVault(userDataFolder(), output.warn);
  const chosen = await chooseSwarm(options, 'upload', signal);
  const publishing = options.publish === true;
  if (publishing) {
    catalogOf(chosen);
    // Asked before the upload, which may take hours.
    const what = paths.length > 1 || options.recursive === true ? 'these files' : 'this file';
    if (!(await agreeToPublish(what, options.yes === true, output, signal))) {
      output.say('Nothing was stored or published.');
      return EXIT_CODES.ok.status;
    }
  }
  await using workers = startWorkers();
  const toStdout = options.manifest === '-';
  const context: UploadContext = {
    // Whatever is said must not end up in the manifest.
    say: toStdout ? output.warn : output.say,
    chosen,
    workers,
    deleteKey: await deriveDeleteKey(vault.secret, vault.deviceId),
    mode: options.compression,
    minReplicas: options.minReplicas,
    dataFolder: userDataFolder(),
    output,
  };

  const vaultIndex = CliVaultIndex.of({ chosen, vault, dataFolder: context.dataFolder, output });
  let status: ExitStatus = EXIT_CODES.ok.status;
  const asFolder = paths.length > 1 || options.recursive === true;
  for await (const file of eachFile(paths, options, output)) {
    try {
      const manifestPath = await manifestPathOf(file, options.manifest, asFolder);
      const uploaded = await uploadOne(file, manifestPath, context, signal);
      const published = publishing
        ? await publishOne(uploaded.manifest, { chosen, vault, dataFolder: context.dataFolder }, signal)
        : null;
      report(file, manifestPath, uploaded, context, published);
      await vaultIndex?.addFile(file.name, uploaded.manifest, signal);
      if (uploaded.degraded && status === EXIT_CODES.ok.status) status = EXIT_CODES.degraded.status;
    } catch (cause) {
      const failure = reportError(cause, output.json, asFolder ? file.name : undefined);
      if (status === EXIT_CODES.ok.status || status === EXIT_CODES.degraded.status) status = failure;
      if (signal.aborted) return failure;
    }
  }
  await vaultIndex?.publish(signal);
  return status;
}

/** Throws `BAD_INPUT` for what cannot be done before anything is. */
function assertSensible(paths: readonly string[], options: DistributeOptions, output: Output): void {
  const { recursive = false, name, manifest } = options;
  const fault = (message: string): never => {
    throw new AppError('BAD_INPUT', message);
  };
  if (paths.length === 0) fault('Name a file to upload.');
  const isOne = paths.length === 1 && !recursive;
  if (name !== undefined && !isOne) fault('--name is for one file.');
  if (paths.includes('-') && (!isOne || name === undefined))
    fault('stdin is uploaded alone, and needs a name: distribute - --name NAME.');
  if (manifest !== '-') return;
  if (!isOne) fault('-m - is for one file: several manifests would run into each other.');
  if (output.json) fault('With -m -, stdout carries the manifest: leave out --json.');
}

async function* eachFile(
  paths: readonly string[],
  { recursive = false, name }: DistributeOptions,
  output: Output,
): AsyncGenerator<FoundFile> {
  const skipped = (path: string): void => output.warn(`Skipped ${path}: not a regular file.`);
  for (const path of paths) {
    // What cannot be read is reported in its turn, when it is opened.
    const folder = recursive && (await isFolder(path));
    if (folder) yield* filesBelow(path, skipped);
    else yield { path, name: toFilename(name ?? basename(path)) };
  }
}

function manifestPathOf(file: FoundFile, given: string | undefined, asFolder: boolean): Promise<string> {
  if (given === '-') return Promise.resolve(given);
  return manifestPathFor(file.name, {
    given: given === undefined ? undefined : resolveUserPath(given) + (/[/\\]$/.test(given) ? '/' : ''),
    defaultFolder: resolveUserPath(DEFAULT_MANIFESTS),
    asFolder,
  });
}

function report(
  file: FoundFile,
  manifestPath: string,
  uploaded: UploadedFile,
  context: UploadContext,
  published: PublishResult | null,
): void {
  const { output, chosen, say } = context;
  const { manifestId, sizeBytes, chunkCount, minReplicas, degraded, resumedBytes, sentBytes, seconds } =
    uploaded;
  output.result({
    file: file.path === '-' ? '-' : resolve(file.path),
    manifest: manifestPath,
    manifest_id: manifestId,
    size: sizeBytes,
    chunks: chunkCount,
    replicas_min: minReplicas,
    degraded,
    resumed_bytes: resumedBytes,
    sent_bytes: sentBytes,
    seconds: Math.round(seconds * 1000) / 1000,
    ...(published === null ? {} : { published: published.entryId }),
  });
  const word = chosen.memberWord;
  const name = safeName(file.name);
  const took = `${formatBytes(sizeBytes)} in ${formatSeconds(seconds)}`;
  const copies =
    chunkCount === 0
      ? 'an empty file'
      : `${plural(chunkCount, 'chunk')}, each on ${plural(minReplicas, word)}`;
  say(`Stored ${name}: ${took}, ${copies}${degraded ? ' or more' : ''}.`);
  if (resumedBytes > 0) say(`  ${formatBytes(resumedBytes)} were stored already and not sent again.`);
  if (manifestPath !== '-') say(`  Manifest: ${manifestPath}`);
  say('  Keep it safe: whoever has it can read the file, and without it nobody can.');
  if (published !== null) say(`  Published in the catalog as ${published.entryId}.`);
  if (uploaded.keptManifest !== null) say(`  The earlier manifest is now ${uploaded.keptManifest}`);
  if (degraded) {
    output.warn(
      `${name} is degraded: some of its chunks lie on ${plural(minReplicas, word)} only, ${REPLICAS} are wanted. ` +
        `It can be read, but is lost if ${minReplicas === 1 ? `that ${word} is` : `these ${word}s are`} lost. ` +
        `Start more ${word}s and upload it again.`,
    );
  }
}
