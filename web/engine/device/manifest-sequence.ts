/** Many manifests in one file: a JSON text sequence (RFC 7464), each text after a record separator that no JSON text has. */
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import { MAX_MANIFESTS_IN_FILE } from '../../../shared/limits.ts';
import type { ManifestsExport, ManifestsImport } from './device-contract.ts';

const RECORD_SEPARATOR = 0x1e;
const SLICE_BYTES = 1024 * 1024;
/** Failures that are kept; the rest is counted by what is missing. */
const MAX_FAILURES = 100;

/** `read` gives one manifest's text. One that cannot be read does not stop the others. Throws `ABORTED`. */
export async function exportSequence<Id>(
  ids: readonly Id[],
  read: (id: Id) => Promise<Blob>,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<ManifestsExport> {
  const parts: BlobPart[] = [];
  const failures: AppError[] = [];
  let exported = 0;
  for (const [done, id] of ids.entries()) {
    throwIfAborted(signal);
    onProgress(done);
    try {
      const text = await read(id);
      parts.push(Uint8Array.of(RECORD_SEPARATOR), text);
      exported++;
    } catch (cause) {
      if (failures.length < MAX_FAILURES) failures.push(AppError.from(cause));
    }
  }
  return { text: new Blob(parts, { type: 'application/json-seq' }), exported, failures };
}

/** `take` gets one manifest's text and tells its name. One that it refuses does not stop the others. Throws `ABORTED`, `TOO_LARGE`. */
export async function importSequence(
  file: Blob,
  take: (text: Blob) => Promise<string>,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<ManifestsImport> {
  const failures: AppError[] = [];
  let imported = 0;
  let firstName: string | null = null;
  let done = 0;
  for await (const text of textsOf(file)) {
    throwIfAborted(signal);
    if (done === MAX_MANIFESTS_IN_FILE)
      throw new AppError('TOO_LARGE', `No file holds more than ${MAX_MANIFESTS_IN_FILE} manifests.`);
    onProgress(done++);
    try {
      const name = await take(text);
      firstName ??= name;
      imported++;
    } catch (cause) {
      if (failures.length < MAX_FAILURES) failures.push(AppError.from(cause));
    }
  }
  return { imported, firstName, failures };
}

/** A file without separators is one text. Empty ones count for nothing. */
async function* textsOf(file: Blob): AsyncGenerator<Blob, void, undefined> {
  let start = 0;
  for (let offset = 0; offset < file.size; offset += SLICE_BYTES) {
    const bytes = new Uint8Array(await file.slice(offset, offset + SLICE_BYTES).arrayBuffer());
    for (let at = bytes.indexOf(RECORD_SEPARATOR); at >= 0; at = bytes.indexOf(RECORD_SEPARATOR, at + 1)) {
      if (offset + at > start) yield file.slice(start, offset + at);
      start = offset + at + 1;
    }
  }
  if (file.size > start) yield file.slice(start);
}
