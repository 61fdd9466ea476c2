/** Brings a network of relays and its web UI up on this machine. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { localUrl } from '../../shared/protocol/address.ts';
import { AppError, throwIfAborted } from '../../shared/errors.ts';
import { launchRelay } from './launch.ts';
import type { LaunchSettings, LaunchSpec } from './launch.ts';
import { relaySpec } from './relay-spec.ts';
import { takenPorts } from './ports.ts';
import { isRunning } from './process-identity.ts';
import { fetchStatus, relayFetch } from './relay-status.ts';
import { shutDown } from './shutdown.ts';
import { readState, writeState } from './state.ts';
import type { NetworkNode, NetworkState } from './state.ts';

export interface NetworkSettings {
  readonly nodes: number;
  readonly host: string;
  /** First of `nodes` ports in a row; 0 takes any. */
  readonly basePort: number;
  readonly webPort: number;
  readonly discoveryPort: number;
  /** Key file that makes the network private. */
  readonly swarmKeyFile: string | undefined;
  /** HTTPS port of the web UI, 0 for any one; undefined: no HTTPS. */
  readonly tlsPort: number | undefined;
  readonly dataFolder: string;
  readonly logFolder: string;
  /** How long the web UI may take to see all relays once they are up. */
  readonly membershipTimeoutMs: number;
  readonly launch: LaunchSettings;
}

export interface StartReport {
  readonly state: NetworkState;
  /** Processes that this start had to launch. */
  readonly launched: number;
}

/** Processes that start at once: each is busy compiling at first. */
const PARALLEL_STARTS = 2 * availableParallelism();
const POLL_MS = 100;

/**
 * Idempotent: what runs already is kept, what is missing is launched. `step` gets a line for each step.
 * Throws `CONFLICT` (taken ports, another network in this folder), `UNAVAILABLE`, `TIMEOUT`; what this call
 * launched is stopped again then.
 */
export async function startNetwork(
  settings: NetworkSettings,
  step: (text: string) => void,
  signal: AbortSignal,
): Promise<StartReport> {
  const { running, freezer } = await runningNodes(settings);
  const missing = specsOf(settings).filter((spec) => !running.some(({ name }) => name === spec.name));
  await assertPortsFree(settings, missing);

  const launched: NetworkNode[] = [];
  const stateOf = (): NetworkState => ({
    format: 'lanvault-network/1',
    host: settings.host,
    discovery_port: settings.discoveryPort,
    ...(settings.swarmKeyFile === undefined ? {} : { swarm_key: settings.swarmKeyFile }),
    ...(settings.tlsPort === undefined ? {} : { tls_port: settings.tlsPort }),
    ...(freezer === undefined ? {} : { freezer }),
    nodes: [...running, ...launched].sort((a, b) => (a.index ?? Infinity) - (b.index ?? Infinity)),
  });
  // One write at a time, each of the newest state.
  let saving = Promise.resolve();
  try {
    if (missing.length > 0) step(describeStart(settings, running.length, missing));
    await launchAll(missing, settings, signal, (node) => {
      launched.push(node);
      saving = saving.then(() => writeState(settings.dataFolder, stateOf()));
      return saving;
    });
    if (missing.length > 0) step(`${settings.nodes} relays and the web UI are up.`);
    await waitForMembership(settings, stateOf(), signal);
    step(`The web UI sees all ${settings.nodes} relays.`);
    return { state: stateOf(), launched: launched.length };
  } catch (cause) {
    await shutDown(launched);
    launched.length = 0;
    await writeState(settings.dataFolder, stateOf());
    throw cause;
  }
}

async function runningNodes(
  settings: NetworkSettings,
): Promise<{ running: NetworkNode[]; freezer?: NetworkState['freezer'] }> {
  const state = await readState(settings.dataFolder);
  if (state === null) return { running: [] };
  const alive = await Promise.all(state.nodes.map(isRunning));
  const running = state.nodes.filter((_, index) => alive[index]);
  if (running.length === 0) return { running };
  const wanted = new Set(specsOf(settings).map(({ name }) => name));
  const same =
    state.host === settings.host &&
    state.discovery_port === settings.discoveryPort &&
    state.swarm_key === settings.swarmKeyFile &&
    state.tls_port === settings.tlsPort &&
    running.every(({ name }) => wanted.has(name));
  if (!same) {
    const relays = running.filter(({ index }) => index !== null).length;
    throw new AppError(
      'CONFLICT',
      `A network of ${relays} relays with other settings runs already. Stop it with "lanvault network stop" first.`,
    );
  }
  return { running, freezer: state.freezer };
}

function specsOf(settings: NetworkSettings): (LaunchSpec & { readonly port: number })[] {
  const { basePort, webPort } = settings;
  const relays = Array.from({ length: settings.nodes }, (_, index) => ({
    name: `relay-${basePort + index}`,
    index,
    port: basePort === 0 ? 0 : basePort + index,
  }));
  return [...relays, { name: 'web-ui', index: null, port: webPort }].map((node) => relaySpec(node, settings));
}

async function assertPortsFree(
  settings: NetworkSettings,
  missing: readonly { readonly port: number }[],
): Promise<void> {
  const taken = await takenPorts(
    settings.host,
    missing.map(({ port }) => port),
  );
  if (taken.length === 0) return;
  const some =
    taken.length > 5 ? `${taken.slice(0, 5).join(', ')} and ${taken.length - 5} more` : taken.join(', ');
  throw new AppError(
    'CONFLICT',
    `Taken by another program: port ${some}. Choose others with --base-port and --web-port, or stop that program.`,
  );
}

/** Launches with bounded parallelism. The first failure stops the rest, and is thrown once all have settled. */
async function launchAll(
  specs: readonly LaunchSpec[],
  settings: NetworkSettings,
  signal: AbortSignal,
  launched: (node: NetworkNode) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = specs.values();
  const lane = async (): Promise<void> => {
    for (const spec of queue) {
      try {
        await launched(await launchRelay(spec, settings.launch, either));
      } catch (cause) {
        failed.abort(AppError.from(cause));
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_STARTS }, lane));
  throwIfAborted(either);
}

async function waitForMembership(
  settings: NetworkSettings,
  state: NetworkState,
  signal: AbortSignal,
): Promise<void> {
  const web = state.nodes.find(({ index }) => index === null);
  if (web === undefined) throw new AppError('INTERNAL', 'There is no web UI.');
  const url = localUrl(settings.host, web.port);
  const send = await relayFetch(settings.swarmKeyFile);
  const deadline = performance.now() + settings.membershipTimeoutMs;
  for (;;) {
    const { peers, ready } = await fetchStatus(url, signal, send);
    if (ready && peers > settings.nodes) return;
    if (performance.now() > deadline) {
      throw new AppError(
        'TIMEOUT',
        `After ${settings.membershipTimeoutMs / 1000} s the web UI sees ${peers - 1} of ${settings.nodes} relays. ` +
          `See ${join(settings.logFolder, 'web-ui.log')}; a firewall may block UDP port ${settings.discoveryPort}.`,
      );
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

function describeStart(
  settings: NetworkSettings,
  running: number,
  missing: readonly { readonly port: number; readonly index: number | null }[],
): string {
  const relays = missing.filter(({ index }) => index !== null).length;
  const where =
    settings.basePort === 0
      ? 'any ports'
      : `ports ${settings.basePort}–${settings.basePort + settings.nodes - 1}`;
  const what = `Starting ${relays} ${relays === 1 ? 'relay' : 'relays'} on ${where} of ${settings.host}, logs in ${settings.logFolder}`;
  return running === 0 ? what : `${what} (${running} processes run already)`;
}
