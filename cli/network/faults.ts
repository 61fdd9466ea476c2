/** Failures on order: relays of the running network that are killed, slowed down, and brought back. */
import { randomInt } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import { stopFreezer, withFreezer } from './freezer.ts';
import { launchRelay } from './launch.ts';
import type { LaunchSettings } from './launch.ts';
import { isRunning } from './process-identity.ts';
import { relaySpec } from './relay-spec.ts';
import { killAll } from './shutdown.ts';
import { readState, writeState } from './state.ts';
import type { NetworkNode, NetworkState } from './state.ts';

/** Ends relays as a failure would, at once. Gives those that are killed. Throws `BAD_INPUT`, `UNAVAILABLE`, `IO`. */
export async function killRelays(dataFolder: string, given: readonly string[]): Promise<NetworkNode[]> {
  const state = await runningState(dataFolder);
  const chosen = chooseRelays(await running(state), given);
  const killed = chosen.map((node) => ({ ...soundOf(node), killed: true as const }));
  // Before it is done: a status that is asked meanwhile must not call it an accident.
  await writeState(dataFolder, replaced(state, killed));
  await killAll(killed);
  if (chosen.some(({ slow_ms }) => slow_ms !== undefined))
    await writeState(dataFolder, await withFreezer(replaced(state, killed)));
  return killed;
}

/** Makes relays freeze for `delayMs` at a time. Gives them. Throws as `killRelays`, `UNSUPPORTED`. */
export async function slowRelays(
  dataFolder: string,
  given: readonly string[],
  delayMs: number,
): Promise<NetworkNode[]> {
  const state = await runningState(dataFolder);
  const slow = chooseRelays(await running(state), given).map((node) => ({ ...node, slow_ms: delayMs }));
  await writeState(dataFolder, await withFreezer(replaced(state, slow)));
  return slow;
}

/**
 * Brings relays back, on their ports and data: those named, or all that are down or slow. Gives them. Throws as `killRelays`, and what
 * `launchRelay` throws.
 */
export async function reviveRelays(
  dataFolder: string,
  given: readonly string[],
  { logFolder, launch }: { readonly logFolder: string; readonly launch: LaunchSettings },
  signal: AbortSignal,
): Promise<NetworkNode[]> {
  const state = await runningState(dataFolder);
  const up = new Set(await running(state));
  const hurt = state.nodes.filter((node) => !up.has(node) || node.slow_ms !== undefined);
  const chosen = given.length === 0 ? hurt : chooseRelays(hurt, given);
  const place = {
    host: state.host,
    discoveryPort: state.discovery_port,
    swarmKeyFile: state.swarm_key,
    tlsPort: state.tls_port,
    ...{ dataFolder, logFolder },
  };
  // Ended while it is known which of them it may have stopped.
  if (chosen.some(({ slow_ms }) => slow_ms !== undefined)) await stopFreezer(state);
  let current = state;
  for (const node of chosen) {
    const back = up.has(node) ? soundOf(node) : await launchRelay(relaySpec(node, place), launch, signal);
    // One by one: what is up must be known even where the next one fails.
    current = replaced(current, [back]);
    await writeState(dataFolder, current);
  }
  await writeState(dataFolder, await withFreezer(current));
  return chosen;
}

async function runningState(dataFolder: string): Promise<NetworkState> {
  const state = await readState(dataFolder);
  if (state !== null && state.nodes.length > 0) return state;
  throw new AppError('UNAVAILABLE', 'No network is running. Start one with "lanvault network start".');
}

async function running({ nodes }: NetworkState): Promise<NetworkNode[]> {
  const alive = await Promise.all(nodes.map(isRunning));
  return nodes.filter((_, index) => alive[index]);
}

/** The node without what was done to it. */
function soundOf({ name, index, pid, started, id, port, link }: NetworkNode): NetworkNode {
  return { name, index, pid, started, id, port, link };
}

function replaced(state: NetworkState, changed: readonly NetworkNode[]): NetworkState {
  const byName = new Map(changed.map((node) => [node.name, node]));
  return { ...state, nodes: state.nodes.map((node) => byName.get(node.name) ?? node) };
}

/** By name, by port, or so many at random of those that store. Throws `BAD_INPUT`. */
export function chooseRelays(pool: readonly NetworkNode[], given: readonly string[]): NetworkNode[] {
  const [only] = given;
  if (only === undefined)
    throw new AppError('BAD_INPUT', 'Say which relays: by name (relay-8003), by port, or how many.');
  const found = given.map((text) => pool.find(({ name, port }) => name === text || String(port) === text));
  if (given.length === 1 && found[0] === undefined && /^\d{1,4}$/.test(only))
    return someOf(pool, Number(only));
  return [
    ...new Set(
      found.map((node, index) => {
        if (node !== undefined) return node;
        throw new AppError('BAD_INPUT', `The network has no relay "${given[index] ?? ''}" for that.`);
      }),
    ),
  ];
}

function someOf(pool: readonly NetworkNode[], count: number): NetworkNode[] {
  const left = pool.filter(({ index }) => index !== null);
  if (count < 1 || count > left.length)
    throw new AppError(
      'BAD_INPUT',
      `There are ${left.length} relays to choose from: give a number from 1 to that, a name or a port.`,
    );
  return Array.from({ length: count }, () => left.splice(randomInt(left.length), 1)).flat();
}
