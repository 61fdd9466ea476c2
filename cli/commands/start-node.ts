import { join } from 'node:path';
import { DEFAULT_NETWORK_DATA, resolveNetworkFolder, resolveUserPath } from '../paths.ts';
import { runRelay, toFlags } from '../relay-process.ts';

/** The relay checks the values itself; here they only pass through. */
export interface StartNodeOptions {
  readonly port: string;
  readonly storageDir?: string;
  readonly host?: string;
  readonly linkPort?: string;
  readonly discoveryPort?: string;
  readonly join?: readonly string[];
  readonly capacity?: string;
  readonly repairGrace?: string;
  readonly webDir?: string;
  readonly allowHost?: readonly string[];
  readonly swarmKey?: string;
  readonly logLevel?: string;
}

/** Resolves with the relay's exit status, where this process did not become the relay. */
export function startNode(options: StartNodeOptions): Promise<number> {
  return runRelay(relayFlags(options, `relay-${options.port}`));
}

/** The web app with a relay behind it that stores nothing. */
export function webUi(options: Omit<StartNodeOptions, 'capacity'>): Promise<number> {
  return runRelay(relayFlags({ ...options, capacity: '0' }, 'web-ui'));
}

function relayFlags(options: StartNodeOptions, defaultFolder: string): string[] {
  const storageDir =
    options.storageDir === undefined
      ? join(resolveNetworkFolder(undefined, DEFAULT_NETWORK_DATA), defaultFolder)
      : resolveUserPath(options.storageDir);
  const webDir = options.webDir === undefined ? undefined : resolveUserPath(options.webDir);
  const swarmKey = options.swarmKey === undefined ? undefined : resolveUserPath(options.swarmKey);
  return toFlags({ ...options, storageDir, webDir, swarmKey });
}
