import { readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, withIoErrors } from '../adapters/io-errors.ts';
import { stopFreezer } from '../network/freezer.ts';
import { withNetworkLock } from '../network/lock.ts';
import { shutDown } from '../network/shutdown.ts';
import { readState, removeState } from '../network/state.ts';
import type { Output } from '../output.ts';
import { DEFAULT_LOGS, DEFAULT_NETWORK_DATA, resolveNetworkFolder } from '../paths.ts';

export interface NetworkStopOptions {
  readonly clean?: boolean;
  readonly dataDir?: string;
  readonly logDir?: string;
}

/** What `network start` makes; simulated nodes (`node_0`…) and everything else in these folders is left alone. */
const RELAY_FOLDER = /^(relay-\d+|web-ui)$/;
const RELAY_LOG = /^(relay-\d+|web-ui)\.log$/;

export async function networkStop(options: NetworkStopOptions, output: Output): Promise<void> {
  const dataFolder = resolveNetworkFolder(options.dataDir, DEFAULT_NETWORK_DATA);
  const logFolder = resolveNetworkFolder(options.logDir, DEFAULT_LOGS);
  if (!existsSync(dataFolder)) {
    output.say('No network is running.');
    output.result({ stopped: 0, killed: 0, gone: 0, cleaned: false });
    return;
  }
  const report = await withNetworkLock(dataFolder, async () => {
    const state = await readState(dataFolder);
    if (state !== null) await stopFreezer(state);
    const ended = await shutDown(state?.nodes ?? []);
    await removeState(dataFolder);
    if (options.clean === true) {
      await removeMatching(dataFolder, RELAY_FOLDER);
      await removeMatching(logFolder, RELAY_LOG);
    }
    return ended;
  });
  output.say(describe(report.stopped, report.killed));
  if (options.clean === true) output.say('Removed the data and logs of the relays.');
  output.result({ ...report, cleaned: options.clean === true });
}

function describe(stopped: number, killed: number): string {
  if (stopped + killed === 0) return 'No network is running.';
  const forced = killed === 0 ? '' : ` ${killed} did not answer and had to be killed.`;
  return `Stopped ${stopped + killed} processes.${forced}`;
}

async function removeMatching(folder: string, pattern: RegExp): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!pattern.test(name)) continue;
    const path = join(folder, name);
    await withIoErrors(`Removing ${path}`, rm(path, { recursive: true, force: true }));
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw cause;
  }
}
