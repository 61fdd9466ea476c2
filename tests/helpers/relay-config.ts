import { readCommandLine } from '../../relay/config/command-line.ts';
import type { RelayConfig } from '../../relay/config/config.ts';

/** The config of a relay that is started with these flags and nothing else. */
export async function relayConfig(...flags: readonly string[]): Promise<RelayConfig> {
  const task = await readCommandLine(flags, {});
  if ('print' in task) throw new Error('These flags print something.');
  return task.config;
}
