import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

const SOURCES = ['/etc/machine-id', '/proc/sys/kernel/random/boot_id'];
const HASH_CHARS = 16;

/**
 * Tells relays on one host from others: a hash under a domain of our own, so that the machine id itself (which systemd asks
 * to keep confidential) is not told. Falls back to the boot id, then to the host name.
 */
export async function machineHash(sources: readonly string[] = SOURCES): Promise<string> {
  return createHash('sha256')
    .update(`lanvault/1 machine\0${await firstOf(sources)}`)
    .digest('hex')
    .slice(0, HASH_CHARS);
}

async function firstOf(sources: readonly string[]): Promise<string> {
  for (const source of sources) {
    const text = await readFile(source, 'utf8').then(
      (content) => content.trim(),
      // Not every system has each of these files.
      () => '',
    );
    if (text !== '') return text;
  }
  return hostname();
}
