import { killRelays, reviveRelays, slowRelays } from '../network/faults.ts';
import { launchSettings } from '../network/launch-settings.ts';
import { withNetworkLock } from '../network/lock.ts';
import type { Output } from '../output.ts';
import { DEFAULT_LOGS, DEFAULT_NETWORK_DATA, resolveNetworkFolder } from '../paths.ts';

export interface NetworkFaultOptions {
  readonly dataDir?: string;
}

export interface NetworkSlowOptions extends NetworkFaultOptions {
  readonly delay: number;
}

export interface NetworkReviveOptions extends NetworkFaultOptions {
  readonly logDir?: string;
}

export async function networkKill(
  relays: readonly string[],
  options: NetworkFaultOptions,
  output: Output,
): Promise<void> {
  const folder = folderOf(options);
  const killed = await withNetworkLock(folder, () => killRelays(folder, relays));
  const names = killed.map(({ name }) => name);
  output.say(`Killed ${names.join(', ')}. "lanvault network revive" brings back what is down.`);
  output.result({ killed: names });
}

export async function networkSlow(
  relays: readonly string[],
  options: NetworkSlowOptions,
  output: Output,
): Promise<void> {
  const folder = folderOf(options);
  const slow = await withNetworkLock(folder, () => slowRelays(folder, relays, options.delay));
  const names = slow.map(({ name }) => name);
  output.say(`Frozen for ${options.delay} ms at a time from now on: ${names.join(', ')}.`);
  output.result({ slow: names, delay_ms: options.delay });
}

export async function networkRevive(
  relays: readonly string[],
  options: NetworkReviveOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const folder = folderOf(options);
  const place = { logFolder: resolveNetworkFolder(options.logDir, DEFAULT_LOGS), launch: launchSettings() };
  const revived = await withNetworkLock(folder, () => reviveRelays(folder, relays, place, signal));
  const names = revived.map(({ name }) => name);
  output.say(names.length === 0 ? 'All of them are up and quick.' : `Back: ${names.join(', ')}.`);
  output.result({ revived: names });
}

function folderOf({ dataDir }: NetworkFaultOptions): string {
  return resolveNetworkFolder(dataDir, DEFAULT_NETWORK_DATA);
}
