/**
 * The right to delete, as an owner hands it on: for each chunk its delete token and the hash of its body, which give the chunk's
 * id. So a right is for one chunk only, and whoever reads it can tell which.
 */
import { concatBytes, fromBase64Url, toBase64Url } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';
import type { ChunkId } from '../ids.ts';
import { MAX_DELETION_RIGHTS } from '../limits.ts';
import { chunkIdFrom } from './chunk.ts';
import type { ChunkRows } from './manifest-types.ts';

/** 32 bytes each. */
const HASH_BYTES = 32;
const RIGHT_BYTES = 2 * HASH_BYTES;
/** Of a right's text: base64url without padding. */
const RIGHT_CHARS = 86;
/** Growing copies nothing. */
const PAGE_RIGHTS = 1024;

export interface DeletionRight {
  readonly id: ChunkId;
  readonly token: Bytes;
  readonly bodyHash: Bytes;
}

/** Rights packed in memory, 64 bytes each. */
export class DeletionRights {
  readonly #pages: Bytes[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Throws `TOO_LARGE` beyond `MAX_DELETION_RIGHTS`. */
  append({ token, bodyHash }: Omit<DeletionRight, 'id'>): void {
    if (this.#length >= MAX_DELETION_RIGHTS)
      throw new AppError('TOO_LARGE', `There are more than ${MAX_DELETION_RIGHTS} rights to delete.`);
    const slot = this.#length % PAGE_RIGHTS;
    if (slot === 0) this.#pages.push(new Uint8Array(PAGE_RIGHTS * RIGHT_BYTES));
    const page = this.#pages.at(-1);
    page?.set(token, slot * RIGHT_BYTES);
    page?.set(bodyHash, slot * RIGHT_BYTES + HASH_BYTES);
    this.#length++;
  }

  /** Throws `BAD_INPUT` outside 0 to length − 1. */
  at(index: number): DeletionRight {
    const page = this.#pages[Math.floor(index / PAGE_RIGHTS)];
    if (page === undefined || index >= this.#length)
      throw new AppError('BAD_INPUT', 'There is no such right to delete.');
    const start = (index % PAGE_RIGHTS) * RIGHT_BYTES;
    const token = page.slice(start, start + HASH_BYTES);
    const bodyHash = page.slice(start + HASH_BYTES, start + RIGHT_BYTES);
    return { id: chunkIdFrom(sha256Sync(token), bodyHash), token, bodyHash };
  }

  *[Symbol.iterator](): Generator<DeletionRight> {
    for (let index = 0; index < this.#length; index++) yield this.at(index);
  }
}

/** `base64url(token ‖ body hash)`, 86 characters. */
export function formatRight({ token, bodyHash }: Omit<DeletionRight, 'id'>): string {
  return toBase64Url(concatBytes(token, bodyHash), { padding: false });
}

/** Throws `CORRUPT` for what is no right's text. */
export function parseRight(text: unknown): Omit<DeletionRight, 'id'> {
  if (typeof text !== 'string' || text.length !== RIGHT_CHARS) throw malformed();
  try {
    const bytes = fromBase64Url(text);
    return { token: bytes.slice(0, HASH_BYTES), bodyHash: bytes.slice(HASH_BYTES) };
  } catch (cause) {
    throw malformed(cause);
  }
}

/**
 * That these are the rights to a whole file: first those to its chunks, in their order; after them, those to whatever else belongs to
 * it. Throws `CORRUPT`.
 */
export async function assertRightsTo(rows: ChunkRows, rights: DeletionRights): Promise<void> {
  if (rights.length < rows.length) throw notItsOwn();
  for (let index = 0; index < rows.length; index++) {
    if ((await rows.at(index)).id !== rights.at(index).id) throw notItsOwn();
    // A page stays responsive.
    if (index % PAGE_RIGHTS === PAGE_RIGHTS - 1) await new Promise((resolve) => setTimeout(resolve));
  }
}

function notItsOwn(): AppError {
  return new AppError(
    'CORRUPT',
    'What is said to give the right to delete this file does not: it is not for all of its chunks.',
  );
}

function malformed(cause?: unknown): AppError {
  return new AppError('CORRUPT', 'A right to delete is malformed.', { cause });
}
