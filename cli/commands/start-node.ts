import { join } from 'node:path';
import { AUTHORITY_FOLDER, DEFAULT_NETWORK_DATA, resolveNetworkFolder, resolveUserPath } from '../paths.ts';
import { runRelay, toFlags } from '../relay-process.ts';

/** The relay checks the values itself; here they only pass through. */
export interface StartNodeOptions {
  readonly port?: string;
  readonly storageDir?: string;
  readonly host?: string;
  readonly linkPort?: string;
  readonly discoveryPort?: string;
  readonly join?: readonly string[];
  readonly capacity?: string;
  readonly minFree?: string;
  readonly repairGrace?: string;
  readonly webDir?: string;
  readonly allowHost?: readonly string[];
  readonly swarmKey?: string;
  readonly tls?: true;
  readonly tlsPort?: string;
  readonly tlsDir?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly logLevel?: string;
  readonly config?: string;
  readonly printConfig?: true;
}

const DEFAULT_PORT = '8000';
const DEFAULT_WEB_PORT = '8888';

/** Resolves with the relay's exit status, where this process did not become the relay. */
export function startNode(options: StartNodeOptions): Promise<number> {
  const port = options.port ?? process.env['LANVAULT_RELAY_PORT'] ?? DEFAULT_PORT;
  return runRelay(relayFlags(options, { storageDir: `relay-${port}` }));
}

/** The web app with a relay behind it that stores nothing. */
export function webUi(options: Omit<StartNodeOptions, 'capacity' | 'minFree'>): Promise<number> {
  const defaults = { port: DEFAULT_WEB_PORT, storageDir: 'web-ui' };
  return runRelay(relayFlags({ ...options, capacity: '0' }, defaults));
}

/** Flags count before everything else, so a default is one only where nothing is configured in another way. */
function relayFlags(
  options: StartNodeOptions,
  defaults: { readonly port?: string; readonly storageDir: string },
): string[] {
  const env = process.env;
  const hasFile = options.config !== undefined || Boolean(env['LANVAULT_RELAY_CONFIG']);
  const unset = (variable: string): boolean => !hasFile && !env[variable];
  const networkData = resolveNetworkFolder(undefined, DEFAULT_NETWORK_DATA);
  const defaultStorage = unset('LANVAULT_RELAY_STORAGE_DIR')
    ? join(networkData, defaults.storageDir)
    : undefined;
  // Devices trust an authority, so it outlives the data of relays, and `network start` uses the same.
  const isDefaultPlace = options.storageDir === undefined && defaultStorage !== undefined;
  const defaultTls =
    isDefaultPlace && unset('LANVAULT_RELAY_TLS_DIR') ? join(networkData, AUTHORITY_FOLDER) : undefined;
  const resolved = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolveUserPath(path);
  return toFlags({
    ...options,
    port: options.port ?? (unset('LANVAULT_RELAY_PORT') ? defaults.port : undefined),
    storageDir: resolved(options.storageDir) ?? defaultStorage,
    webDir: resolved(options.webDir),
    swarmKey: resolved(options.swarmKey),
    tlsDir: resolved(options.tlsDir) ?? defaultTls,
    tlsCert: resolved(options.tlsCert),
    tlsKey: resolved(options.tlsKey),
    config: resolved(options.config),
  });
}
