/** Uploads one file: journal, engine, manifest, in this order, so that nothing is lost wherever it stops. */
import { realpath } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import type { Bytes } from '../../shared/bytes.ts';
import type { CompressionMode } from '../../shared/codec/compression.ts';
import type { BlockSource, BlockWorkers, Journal } from '../../shared/engine/ports.ts';
import { uploadFile } from '../../shared/engine/upload.ts';
import type { UploadResult } from '../../shared/engine/upload.ts';
import { AppError } from '../../shared/errors.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import { serializeManifest } from '../../shared/format/manifest.ts';
import { streamOutput } from '../adapters/file-output.ts';
import { FileSource } from '../adapters/file-source.ts';
import type { FoundFile } from '../adapters/folder-walk.ts';
import { SpooledSource } from '../adapters/spooled-source.ts';
import { withIoErrors } from '../adapters/io-errors.ts';
import { FileJournalStore } from '../adapters/journal-store.ts';
import { prepareManifestPath, writeManifestFile } from '../adapters/manifest-file.ts';
import type { Output } from '../output.ts';
import type { ChosenSwarm } from './choose-swarm.ts';
import { openJournal } from './open-journal.ts';
import { createProgress } from './progress.ts';

export interface UploadContext {
  readonly chosen: ChosenSwarm;
  readonly workers: BlockWorkers;
  readonly deleteKey: Bytes;
  readonly mode: CompressionMode;
  readonly minReplicas: number;
  /** This user's data: journals lie below it. */
  readonly dataFolder: string;
  readonly output: Output;
  /** For a person, wherever stdout is free for it. */
  readonly say: (text: string) => void;
}

export interface UploadedFile extends UploadResult {
  readonly sizeBytes: number;
  readonly seconds: number;
  /** Where a manifest that was there before is now; null if there was none. */
  readonly keptManifest: string | null;
}

/** Failures that running the command again does not mend. */
const FINAL = new Set(['BAD_INPUT', 'TOO_LARGE', 'UNSUPPORTED', 'INTERNAL']);

/** `-` as the path is stdin, as the manifest's path stdout. */
export async function uploadOne(
  { path, name }: FoundFile,
  manifestPath: string,
  context: UploadContext,
  signal: AbortSignal,
): Promise<UploadedFile> {
  const began = performance.now();
  const { chosen } = context;
  // stdin can be read only once: what would stop the upload afterwards is found out before.
  if (path === '-' && manifestPath !== '-') await prepareManifestPath(manifestPath);
  await using source = await openSource({ path, name }, context, signal);
  if (manifestPath !== '-') await prepareManifestPath(manifestPath);
  const originPath = path === '-' ? `-:${name}` : await withIoErrors(`Reading ${path}`, realpath(path));
  const origin = { path: originPath, target: chosen.target };
  const store = new FileJournalStore(context.dataFolder, origin);
  const { journal, resumed } = await openJournal(store, source, context.mode, chosen.swarm, signal);
  if (resumed) context.say(`Resuming the upload of ${path === '-' ? name : path}.`);
  try {
    const result = await transfer(source, journal, context, signal);
    const keptManifest =
      manifestPath === '-'
        ? await printManifest(result.manifest, signal)
        : await writeManifestFile(manifestPath, result.manifest);
    await journal.close();
    await store.settle(journal.header.uploadId);
    const seconds = (performance.now() - began) / 1000;
    return { ...result, sizeBytes: source.sizeBytes, seconds, keptManifest };
  } catch (cause) {
    throw withResumeHint(cause);
  } finally {
    await journal.close();
  }
}

async function openSource(
  { path, name }: FoundFile,
  { dataFolder }: UploadContext,
  signal: AbortSignal,
): Promise<BlockSource & AsyncDisposable> {
  if (path !== '-') return FileSource.open(path, name);
  const stdin = addAbortSignal(signal, process.stdin) as AsyncIterable<Uint8Array>;
  return SpooledSource.read(stdin, { name, folder: dataFolder }, signal);
}

/** Resolves with null: nothing had to give way. */
async function printManifest(manifest: Manifest, signal: AbortSignal): Promise<null> {
  const stdout = streamOutput(process.stdout, signal);
  for await (const piece of serializeManifest(manifest)) await stdout.write(piece);
  return null;
}

async function transfer(
  source: BlockSource,
  journal: Journal,
  { chosen, workers, deleteKey, minReplicas, output }: UploadContext,
  signal: AbortSignal,
): Promise<UploadResult> {
  const visible = !output.json && process.stderr.isTTY;
  const progress = createProgress({ label: source.name, totalBytes: source.sizeBytes, visible });
  try {
    return await uploadFile(
      {
        source,
        journal,
        swarm: chosen.swarm,
        workers,
        deleteKey,
        minReplicas,
        onProgress: ({ storedBytes }) => progress.update(storedBytes),
      },
      signal,
    );
  } finally {
    progress.stop();
  }
}

function withResumeHint(cause: unknown): AppError {
  const error = AppError.from(cause);
  if (FINAL.has(error.code)) return error;
  const message = `${error.message} What is stored is kept: run the same command again to resume.`;
  return new AppError(error.code, message, {
    cause: error,
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}
