import { basename, join } from 'node:path';
import { stat } from 'node:fs/promises';
import { discard } from '../../shared/bytes.ts';
import { createDownloader } from '../../shared/engine/download.ts';
import { AppError } from '../../shared/errors.ts';
import { computeManifestId, toFilename } from '../../shared/format/manifest.ts';
import type { PackedManifest } from '../../shared/format/manifest.ts';
import { safeName } from '../../shared/safe-name.ts';
import { openFileOutput, streamOutput } from '../adapters/file-output.ts';
import type { FileOutput } from '../adapters/file-output.ts';
import { errnoOf, ioError } from '../adapters/io-errors.ts';
import type { LocalSwarm } from '../adapters/local-swarm.ts';
import { startWorkers } from '../adapters/workers.ts';
import type { Output } from '../output.ts';
import { resolveUserPath } from '../paths.ts';
import { formatBytes, formatSeconds, plural } from '../text.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { ChosenSwarm, SwarmOptions } from '../transfer/choose-swarm.ts';
import { findNamedFile, manifestOf } from '../transfer/named-file.ts';
import { createProgress } from '../transfer/progress.ts';

export interface ReconstructOptions extends SwarmOptions {
  readonly manifest?: string;
  readonly output?: string;
  readonly force?: boolean;
}

/** `-` stands for stdin as the manifest and stdout as the output. */
export async function reconstruct(
  given: readonly string[],
  options: ReconstructOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { manifestName, outputName } = namesOf(given, options);
  assertOutputIsFree(outputName, output);
  // A file is read first, so that a bad one needs no relays to be told so; a link leads through them.
  const named = await findNamedFile(manifestName);
  const chosen = await chooseSwarm(options, 'download', signal);
  const manifest = await manifestOf(named, chosen, signal);
  await restoreManifest(manifest, outputName, { chosen, force: options.force === true }, output, signal);
}

/** Writes the manifest's file to `outputName` and reports it. Throws what downloading and writing throw. */
export async function restoreManifest(
  manifest: PackedManifest,
  outputName: string,
  { chosen, force }: { readonly chosen: ChosenSwarm; readonly force: boolean },
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  const toStdout = outputName === '-';
  // Whatever is said must not end up in the file.
  const say = toStdout ? output.warn : output.say;
  const killed = await describeDead(chosen.local, manifest, say);
  const target = toStdout ? '-' : await targetPath(resolveUserPath(outputName), manifest.header.filename);
  await receive(manifest, chosen, target, { force, visible: !output.json }, signal);

  const seconds = (performance.now() - began) / 1000;
  const { size, filename } = manifest.header;
  const took = `${formatBytes(size)} in ${formatSeconds(seconds)}`;
  say(`Restored ${safeName(filename)}: ${took}, every chunk verified.`);
  if (!toStdout) say(`  File: ${target}`);
  output.result({
    file: target,
    manifest_id: await computeManifestId(manifest),
    name: filename,
    size,
    chunks: manifest.rows.length,
    killed,
    seconds: Math.round(seconds * 1000) / 1000,
  });
}

/** Throws `BAD_INPUT` where the file and a JSON object would both go to stdout. */
export function assertOutputIsFree(outputName: string, output: Output): void {
  if (outputName === '-' && output.json) {
    throw new AppError('BAD_INPUT', 'With - as the output, stdout carries the file: leave out --json.');
  }
}

function namesOf(
  given: readonly string[],
  options: ReconstructOptions,
): { manifestName: string; outputName: string } {
  const rest = [...given];
  const manifestName = options.manifest ?? rest.shift();
  const outputName = options.output ?? rest.shift();
  if (manifestName === undefined || outputName === undefined) {
    throw new AppError(
      'BAD_INPUT',
      'Name a manifest and where the file shall go: reconstruct MANIFEST OUTPUT.',
    );
  }
  if (rest.length > 0) throw new AppError('BAD_INPUT', `Too many arguments: ${rest.join(' ')}.`);
  return { manifestName, outputName };
}

/** An existing folder takes the file under its own name: the last part of it, whatever the manifest says. */
async function targetPath(path: string, filename: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? join(path, basename(toFilename(filename))) : path;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return path;
    throw ioError(cause, `Writing ${path}`);
  }
}

async function receive(
  manifest: PackedManifest,
  chosen: ChosenSwarm,
  target: string,
  options: { readonly force: boolean; readonly visible: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { size, filename } = manifest.header;
  await using file = await openOutput(target, options.force, size, signal);
  await using workers = startWorkers();
  const downloader = createDownloader({ manifest, swarm: chosen.swarm, workers });
  const visible = options.visible && process.stderr.isTTY;
  const progress = createProgress({ label: filename, totalBytes: size, visible });
  try {
    let doneBytes = 0;
    for await (const piece of downloader.read({ start: 0, end: size }, signal)) {
      await file.write(piece);
      doneBytes += piece.length;
      discard(piece);
      progress.update(doneBytes);
    }
    await file.commit();
  } catch (cause) {
    throw chosen.local === null ? cause : withScanHint(cause);
  } finally {
    progress.stop();
  }
}

/** The local simulation is the default, and knows nothing of relays. */
function withScanHint(cause: unknown): AppError {
  const error = AppError.from(cause);
  if (error.code !== 'CHUNK_LOST') return error;
  const hint = 'These are the nodes of the local simulation: if the file is on relays, add --scan.';
  return new AppError(error.code, `${error.message} ${hint}`, { cause });
}

async function openOutput(
  target: string,
  force: boolean,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<FileOutput> {
  return target === '-' ? streamOutput(process.stdout, signal) : openFileOutput(target, { force, sizeBytes });
}

/** Says what `--kill-node` takes away. */
async function describeDead(
  local: LocalSwarm | null,
  manifest: PackedManifest,
  say: (text: string) => void,
): Promise<{ node: string; chunks: number }[]> {
  if (local === null || local.dead.length === 0) return [];
  const killed = [...(await local.lostWith(manifest.rows))].map(([node, chunks]) => ({
    node: node.name,
    chunks,
  }));
  for (const { node, chunks } of killed) {
    say(`${node} is down for this run: it held ${chunks} of ${plural(manifest.rows.length, 'chunk')}.`);
  }
  return killed;
}
