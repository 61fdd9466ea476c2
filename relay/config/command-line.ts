/** What the relay's process is asked to do: flags count before the environment, that before the config file, that before defaults. */
import path from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { DEFAULT_LIMITS } from './config.ts';
import type { RelayConfig, TlsConfig } from './config.ts';
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
    tls: tlsOf(settings),
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

/** Throws `BAD_INPUT` for a certificate without a key, or a key without a certificate. */
function tlsOf(settings: Settings): TlsConfig | null {
  const { 'tls-cert': certFile, 'tls-key': keyFile, 'tls-port': port } = settings;
  if (certFile !== null && keyFile !== null) return { port, certificate: { certFile, keyFile } };
  if (certFile !== null || keyFile !== null)
    throw new AppError('BAD_INPUT', '--tls-cert and --tls-key belong together: give both.');
  if (!settings.tls) return null;
  const authorityFolder = settings['tls-dir'] ?? path.join(settings['storage-dir'], 'tls');
  return { port, certificate: { authorityFolder } };
}
