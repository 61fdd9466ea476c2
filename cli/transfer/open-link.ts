/** The manifest behind a capability link, `lanvault:<id>#<key>`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadXz } from '../../shared/codec/xz.ts';
import type { XzCodec } from '../../shared/codec/xz.ts';
import { openLink as openCapabilityLink } from '../../shared/engine/links.ts';
import type { SwarmPort } from '../../shared/engine/ports.ts';
import { parseLink } from '../../shared/format/capability.ts';
import type { PackedManifest } from '../../shared/format/manifest.ts';

/** Whether an argument is meant as a link rather than as a path. */
export function isLink(text: string): boolean {
  return text.startsWith('lanvault:') || /^https?:\/\/[^#]*#\/open\//.test(text);
}

/** Throws `BAD_INPUT` for what is no link, and what the engine's `openLink` throws. */
export async function openLink(text: string, swarm: SwarmPort, signal: AbortSignal): Promise<PackedManifest> {
  const link = parseLink(text);
  return openCapabilityLink(link, { swarm, xz: await loadCliXz() }, signal);
}

/** The codec on this thread: enough for manifests, which are small. */
export async function loadCliXz(): Promise<XzCodec> {
  const wasmPath = fileURLToPath(import.meta.resolve('node-liblzma/wasm/liblzma.wasm'));
  return loadXz(new Uint8Array(await readFile(wasmPath)));
}
