/** What must be true of relays after whatever was sent to them. */
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { RelaySwarm } from '../../helpers/relays.ts';
import { ownedChunk } from '../../helpers/virtual-chunk.ts';
import { Random } from '../random.ts';
import { OPERATIONS } from './endpoints.ts';
import type { EndpointReport } from './fuzz-endpoints.ts';

/** Answered with an error whoever asks as the fuzzer does: without the right to, about nothing, or in a public swarm. */
const NEVER_WELL: readonly string[] = [
  ...['unjoin', 'addRelay', 'events', 'openSession', 'sessionChallenge', 'sessionTicket'],
];

/** Each relay lives, takes a chunk, gives it out, and has logged no fault. */
export async function expectServing({ relays }: RelaySwarm): Promise<void> {
  const random = new Random(relays.length);
  for (const relay of relays) {
    expect(relay.alive).toBe(true);
    const { id, bytes } = ownedChunk(() => random.below(1000) / 1000, 5000);
    const url = `${relay.url}/chunk/${id}`;
    const headers = { 'content-type': 'application/octet-stream', 'x-client-nonce': '00'.repeat(16) };
    expect((await fetch(url, { method: 'PUT', headers, body: bytes })).status).toBe(200);
    const read = await fetch(url, { headers: { 'x-local-only': '1' } });
    expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);
    const log = await readFile(relay.log, 'utf8');
    expect(log.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
  }
}

/** Every operation was reached, and did its work for some input: its limits did not keep the inputs away. */
export function expectReached({ statuses }: EndpointReport): void {
  expect(OPERATIONS.filter((operation) => !statuses.has(operation))).toEqual([]);
  const failing = OPERATIONS.filter((operation) => statuses.get(operation)?.has(200) !== true);
  expect(failing.filter((operation) => !NEVER_WELL.includes(operation))).toEqual([]);
}

export function totalOf(
  { statuses }: EndpointReport,
  wanted: (status: number) => boolean = () => true,
): number {
  const counts = [...statuses.values()].flatMap((byStatus) => [...byStatus]);
  return counts.reduce((sum, [status, count]) => sum + (wanted(status) ? count : 0), 0);
}
