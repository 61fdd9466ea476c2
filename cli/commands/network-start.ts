import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { launchSettings } from '../network/launch-settings.ts';
import { withNetworkLock } from '../network/lock.ts';
import { startNetwork } from '../network/start.ts';
import type { NetworkSettings } from '../network/start.ts';
import type { Output } from '../output.ts';
import {
  DEFAULT_LOGS,
  DEFAULT_NETWORK_DATA,
  WEB_BUILD,
  resolveNetworkFolder,
  resolveUserPath,
} from '../paths.ts';

export interface NetworkStartOptions {
  readonly nodes: number;
  readonly host: string;
  readonly basePort: number;
  readonly webPort: number;
  readonly discoveryPort: number;
  readonly dataDir?: string;
  readonly logDir?: string;
  readonly swarmKey?: string;
  readonly tls?: true;
  readonly tlsPort: number;
}

const LOOPBACK = /^(localhost|127\..+|::1)$/;
const MEMBERSHIP_TIMEOUT_MS = 90_000;

export async function networkStart(
  options: NetworkStartOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  const dataFolder = resolveNetworkFolder(options.dataDir, DEFAULT_NETWORK_DATA);
  const settings: NetworkSettings = {
    nodes: options.nodes,
    host: options.host,
    basePort: options.basePort,
    webPort: options.webPort,
    discoveryPort: options.discoveryPort,
    swarmKeyFile: options.swarmKey === undefined ? undefined : resolveUserPath(options.swarmKey),
    tlsPort: options.tls === true ? options.tlsPort : undefined,
    dataFolder,
    logFolder: resolveNetworkFolder(options.logDir, DEFAULT_LOGS),
    membershipTimeoutMs: MEMBERSHIP_TIMEOUT_MS,
    launch: launchSettings(),
  };
  const { state, launched } = await withNetworkLock(dataFolder, () =>
    startNetwork(settings, output.say, signal),
  );
  const web = state.nodes.find(({ index }) => index === null);
  const url = `http://localhost:${web?.port ?? options.webPort}`;
  const seconds = Math.round(performance.now() - began) / 1000;
  if (!existsSync(join(WEB_BUILD, 'index.html')))
    output.warn('The web app is not built: run "npm run build" and start again to have it.');
  output.say(launched === 0 ? 'The network was running already.' : `Started in ${seconds.toFixed(1)} s.`);
  output.say(`Open ${url}`);
  if (web?.https !== undefined)
    output.say(
      `For phones and other computers: ${url}/trust. The authority’s fingerprint is ${web.authority ?? 'not told'}`,
    );
  if (web?.https !== undefined && LOOPBACK.test(options.host))
    output.warn('Other devices reach the network with "--host 0.0.0.0" only.');
  const secure = web?.https === undefined ? {} : { https_port: web.https, authority: web.authority };
  output.result({
    url,
    ...secure,
    relays: options.nodes,
    launched,
    discovery_port: state.discovery_port,
    seconds,
  });
}
