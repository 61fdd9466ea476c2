/** Finds relays by listening to their beacons. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Value } from 'typebox/value';
import { AppError, abortError } from '../../shared/errors.ts';
import { MAX_DATAGRAM_BYTES } from '../../shared/limits.ts';
import { unsealDatagram } from '../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import { Hello } from '../../shared/protocol/datagrams.ts';

export interface ScanOptions {
  readonly discoveryPort: number;
  /** Of a private swarm, whose beacons nobody else understands. */
  readonly key?: SwarmKey | null;
  /** How long the first beacon is awaited; relays send one about every second. */
  readonly firstBeaconMs?: number;
  /** How long others are collected after the first, so that there is somebody to turn to when it fails. */
  readonly collectMs?: number;
}

/** Beacons are stretched where a host has many relays: this covers several intervals. */
const FIRST_BEACON_MS = 6_000;
const COLLECT_MS = 400;
/** Entry relays to choose from: enough for fail-over. */
const MAX_FOUND = 8;

/**
 * Base URLs of relays, in order of their first beacon. A beacon is a hint: whoever answers there has to prove
 * everything that matters by receipts and hashes. Throws `UNAVAILABLE` when none is heard, `IO` when the port cannot
 * be listened on, `ABORTED`.
 */
export async function scanForRelays(options: ScanOptions, signal: AbortSignal): Promise<string[]> {
  const { discoveryPort, key = null, firstBeaconMs = FIRST_BEACON_MS, collectMs = COLLECT_MS } = options;
  const found = new Map<string, string>();
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  const deadline = new AbortController();
  let timer = setTimeout(() => deadline.abort(), firstBeaconMs);
  try {
    socket.on('message', (message, sender) => {
      const hello = parseHello(message, key);
      if (hello === null || found.has(hello.id)) return;
      if (found.size === 0) {
        clearTimeout(timer);
        timer = setTimeout(() => deadline.abort(), collectMs);
      }
      found.set(hello.id, `http://${sender.address}:${hello.port}`);
      if (found.size >= MAX_FOUND) deadline.abort();
    });
    socket.bind(discoveryPort);
    await once(socket, 'listening', { signal });
    await once(socket, 'error', { signal: AbortSignal.any([signal, deadline.signal]) }).then(([cause]) => {
      throw AppError.from(cause, 'IO');
    });
  } catch (cause) {
    if (signal.aborted) throw abortError(signal);
    if (!deadline.signal.aborted) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new AppError('IO', `Listening on UDP port ${discoveryPort} failed: ${why}.`, { cause });
    }
  } finally {
    clearTimeout(timer);
    socket.close();
  }
  if (found.size > 0) return [...found.values()];
  throw new AppError(
    'UNAVAILABLE',
    `No relay was heard on UDP port ${discoveryPort}. Start one ("lanvault start-node", "npm start"), or name one with --entry-node URL if broadcasts do not reach here.`,
  );
}

function parseHello(message: Uint8Array, key: SwarmKey | null): Hello | null {
  if (message.length > MAX_DATAGRAM_BYTES) return null;
  const datagram = key === null ? message : unsealDatagram(key, message, Date.now());
  if (datagram === null) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(datagram));
    return Value.Check(Hello, value) ? value : null;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}
