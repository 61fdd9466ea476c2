/** Inputs for tests, deterministic unless random is asked for, and what identifies them. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { REPO } from './programs.ts';

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Compressible and incompressible blocks in turn, with a short last one: every path of the codec. */
export async function writeMixedFile(file: string, sizeBytes: number): Promise<void> {
  const text = await readFile(path.join(REPO, 'node_modules/typescript/lib/typescript.js'));
  const block = 2 ** 20;
  const parts: Buffer[] = [];
  for (let offset = 0, i = 0; offset < sizeBytes; offset += block, i++) {
    const length = Math.min(block, sizeBytes - offset);
    const start = (i * 400_009) % (text.length - block);
    parts.push(i % 2 === 0 ? text.subarray(start, start + length) : randomBytes(length));
  }
  await writeFile(file, Buffer.concat(parts));
}

/** Random bytes, written a piece at a time. */
export async function writeRandomFile(file: string, sizeBytes: number): Promise<void> {
  const handle = await open(file, 'w');
  const pieceBytes = 8 * 2 ** 20;
  try {
    for (let written = 0; written < sizeBytes; written += pieceBytes) {
      await handle.write(randomBytes(Math.min(pieceBytes, sizeBytes - written)));
    }
  } finally {
    await handle.close();
  }
}
