/** Committed vectors (tests/vectors, made by generate.py), and Python as an independent implementation. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fromHex } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import { loadXz } from '../../../../shared/codec/xz.ts';
import type { XzCodec } from '../../../../shared/codec/xz.ts';

export const REPO = path.resolve(import.meta.dirname, '../../../..');
const run = promisify(execFile);

/** The JSON of one file of vectors; the caller names the shape that generate.py writes. */
export async function readVectors(name: string): Promise<unknown> {
  return JSON.parse(await readFile(path.join(REPO, 'tests/vectors', `${name}.json`), 'utf8'));
}

/** Runs a Python program with hex arguments; it prints hex. */
export async function python(program: string, ...args: readonly string[]): Promise<Bytes> {
  const { stdout } = await run('/usr/bin/python3', ['-c', program, ...args], { maxBuffer: 64 * 2 ** 20 });
  return fromHex(stdout.trim());
}

export async function loadTestXz(): Promise<XzCodec> {
  const file = fileURLToPath(import.meta.resolve('node-liblzma/wasm/liblzma.wasm'));
  return loadXz(await readFile(file));
}

/** The code of the `AppError` that the promise rejects with; anything else fails the test. */
export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

/** `unit` repeated up to `size` bytes. */
export function repeated(unit: Uint8Array, size: number): Bytes {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += unit.length) bytes.set(unit.subarray(0, size - i), i);
  return bytes;
}
