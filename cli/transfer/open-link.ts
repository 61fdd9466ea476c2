/** The manifest behind a capability link, `lanvault:<id>#<key>`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadXz } from '../../shared/codec/xz.ts';
import type { XzCodec } from '../../shared/codec/xz.ts';
import { openAnyLink } from '../../shared/engine/links.ts';
import type { OpenedManifest } from '../../shared/engine/links.ts';
import type { SwarmPort } from '../../shared/engine/ports.ts';
import { parseAnyLink } from '../../shared/format/capability.ts';

/** Whether an argument is meant as a link rather than as a path. */
export function isLink(text: string): boolean {
  return text.startsWith('lanvault:') || /^https?:\/\/[^#]*#\/open\//.test(text);
}

/** A reader's link or an owner's. Throws `BAD_INPUT` for what is no link, and what the engine's `openAnyLink` throws. */
export async function openLink(text: string, swarm: SwarmPort, signal: AbortSignal): Promise<OpenedManifest> {
  const link = parseAnyLink(text);
  return openAnyLink(link, { swarm, xz: await loadCliXz() }, signal);
}

/** The codec on this thread: enough for manifests, which are small. */
export async function loadCliXz(): Promise<XzCodec> {
  const wasmPath = fileURLToPath(import.meta.resolve('node-liblzma/wasm/liblzma.wasm'));
  return loadXz(new Uint8Array(await readFile(wasmPath)));
}
