/** The manifest behind a capability link, `lanvault:<id>#<key>`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Bytes } from '../../shared/bytes.ts';
import { loadXz } from '../../shared/codec/xz.ts';
import type { XzCodec } from '../../shared/codec/xz.ts';
import type { SwarmPort } from '../../shared/engine/ports.ts';
import { AppError, throwIfAborted } from '../../shared/errors.ts';
import { loadManifest } from '../../shared/format/capability-manifest.ts';
import { openPayload } from '../../shared/format/capability-payload.ts';
import { parseLink } from '../../shared/format/capability.ts';
import type { CapabilityLink } from '../../shared/format/capability.ts';
import type { PackedManifest } from '../../shared/format/manifest.ts';
import { CHUNK_GET_TIMEOUT_MS } from '../../shared/limits.ts';
import { placementOrder } from '../../shared/placement/placement.ts';

/** Whether an argument is meant as a link rather than as a path. */
export function isLink(text: string): boolean {
  return text.startsWith('lanvault:') || /^https?:\/\/[^#]*#\/open\//.test(text);
}

/** Throws `BAD_INPUT` for what is no link, `CHUNK_LOST` when no relay has a valid copy, and what `loadManifest` throws. */
export async function openLink(text: string, swarm: SwarmPort, signal: AbortSignal): Promise<PackedManifest> {
  const link = parseLink(text);
  const wasmPath = fileURLToPath(import.meta.resolve('node-liblzma/wasm/liblzma.wasm'));
  const xz = await loadXz(new Uint8Array(await readFile(wasmPath)));
  return loadManifest(link, (part) => fetchPayload(part, swarm, xz, signal), signal);
}

/** From the likeliest holder on, until a copy verifies. */
async function fetchPayload(
  link: CapabilityLink,
  swarm: SwarmPort,
  xz: XzCodec,
  signal: AbortSignal,
): Promise<Bytes> {
  const order = placementOrder(link.id, await swarm.members(signal));
  for (const holder of [...order.map(({ id }) => id), null]) {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(CHUNK_GET_TIMEOUT_MS)]);
    try {
      return await openPayload(link, await swarm.get(link.id, holder, limited), xz);
    } catch (cause) {
      throwIfAborted(signal);
      // Whatever is wrong with one copy, the next may be right.
      if (!(cause instanceof AppError)) throw cause;
    }
  }
  throw new AppError(
    'CHUNK_LOST',
    'No relay has a valid copy of what the link leads to. Try again when more are up.',
  );
}
