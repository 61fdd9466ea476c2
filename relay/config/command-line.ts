/** What the relay's process is asked to do: flags count before the environment, that before the config file, that before defaults. */
import { DEFAULT_LIMITS } from './config.ts';
import type { RelayConfig } from './config.ts';
import { help } from './help.ts';
import { printConfig } from './print-config.ts';
import { resolveSettings } from './resolve.ts';
import type { ResolvedSettings } from './resolve.ts';
import { settingOf } from './settings.ts';
import type { Settings } from './settings.ts';
import { readConfigFile, readEnvironment, readFlags } from './sources.ts';
import type { Environment } from './sources.ts';

/** A config to run with, or a text to print instead. */
export type Task = { readonly config: RelayConfig } | { readonly print: string };

/** Throws `BAD_INPUT` and `IO` that say in one line what is wrong, where it is written, and what would be right. */
export async function readCommandLine(argv: readonly string[], env: Environment): Promise<Task> {
  const flags = readFlags(argv);
  if (flags.help) return { print: help() };
  const environment = readEnvironment(env);
  const file = flags.configFile ?? environment.configFile;
  const fromFile = file === undefined ? [] : [await readConfigFile(file)];
  const resolved = resolveSettings([flags.settings, environment.settings, ...fromFile]);
  return flags.printConfig ? { print: await printConfig(resolved) } : { config: configOf(resolved) };
}

function configOf(resolved: ResolvedSettings): RelayConfig {
  const settings = valuesOf(resolved);
  return Object.freeze({
    host: settings.host,
    httpPort: settings.port,
    linkPort: settings['link-port'],
    discoveryPort: settings['discovery-port'],
    join: settings.join,
    storageDir: settings['storage-dir'],
    capacityBytes: settings.capacity,
    minFreeBytes: settings['min-free'],
    webDir: settings['web-dir'],
    logLevel: settings['log-level'],
    allowedHosts: settings['allow-host'],
    repairGraceMs: settings['repair-grace'],
    swarmKeyFile: settings['swarm-key'],
    limits: DEFAULT_LIMITS,
  });
}

function valuesOf(resolved: ResolvedSettings): Settings {
  const entries = Array.from(resolved, ([name, { values }]) => [
    name,
    settingOf(name).repeatable === true ? Object.freeze(values) : (values[0] ?? null),
  ]);
  // Each value has been checked against its setting's schema.
  return Object.fromEntries(entries) as Settings;
}
