/** The relay's command line: flags in, a validated frozen config out. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '../../shared/errors.ts';
import {
  DEFAULT_DISCOVERY_PORT,
  DEFAULT_REPAIR_GRACE_MS,
  MAX_REPAIR_GRACE_MS,
  MIN_REPAIR_GRACE_MS,
} from '../../shared/limits.ts';
import { DEFAULT_LIMITS } from './config.ts';
import type { LogLevel, RelayConfig } from './config.ts';
import { parseDuration } from './durations.ts';
import { parseSize } from './sizes.ts';

const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const DEFAULT_HTTP_PORT = 8000;
const DEFAULT_CAPACITY = '10G';

export const HELP = `Usage: node relay/main.ts --storage-dir DIR [options]

Runs one relay: stores encrypted chunks for the swarm and serves the web app.

  --storage-dir DIR     where chunks, index and identity are kept (required)
  --port N              HTTP port; 0 = any free one (default ${DEFAULT_HTTP_PORT})
  --host ADDRESS        address to listen on (default 0.0.0.0)
  --link-port N         TCP port for links between relays; 0 = any (default 0)
  --discovery-port N    UDP port of beacons; 0 = off (default ${DEFAULT_DISCOVERY_PORT})
  --join URL            a relay to join where broadcasts do not reach; may be repeated
  --capacity SIZE       bytes to lend, e.g. 10G or 512M; 0 = store nothing (default ${DEFAULT_CAPACITY})
  --web-dir DIR         the built web app (default dist/web)
  --allow-host NAME     a host name that clients use for this relay; may be repeated
  --repair-grace TIME   how long a relay may be away before its chunks are made anew elsewhere (default 5m)
  --swarm-key FILE      key of a private swarm: only relays and clients with it take part
  --log-level LEVEL     ${LOG_LEVELS.join(', ')} (default info)
  --help                show this

When ready it prints one line: {"event":"ready","id":…,"port":…,"link":…}. Logs are JSON lines on stderr.
SIGTERM or SIGINT stops it. Exit codes: 0 stopped, 1 failed, 2 wrong flags.
`;

const OPTIONS = {
  'storage-dir': { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  'link-port': { type: 'string' },
  'discovery-port': { type: 'string' },
  join: { type: 'string', multiple: true },
  capacity: { type: 'string' },
  'web-dir': { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  'repair-grace': { type: 'string' },
  'swarm-key': { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** The config that the flags ask for, or `help`. Throws `BAD_INPUT` that names the flag and says what it takes. */
export function parseFlags(argv: readonly string[]): RelayConfig | 'help' {
  const flags = readFlags(argv);
  if (flags.help === true) return 'help';
  if (flags['storage-dir'] === undefined || flags['storage-dir'] === '') {
    throw new AppError('BAD_INPUT', '--storage-dir DIR is required.');
  }
  return Object.freeze({
    host: parseHost(flags.host ?? '0.0.0.0'),
    httpPort: parsePort('--port', flags.port, DEFAULT_HTTP_PORT),
    linkPort: parsePort('--link-port', flags['link-port'], 0),
    discoveryPort: parsePort('--discovery-port', flags['discovery-port'], DEFAULT_DISCOVERY_PORT),
    join: Object.freeze((flags.join ?? []).map(parseJoinUrl)),
    storageDir: path.resolve(flags['storage-dir']),
    capacityBytes: parseCapacity(flags.capacity ?? DEFAULT_CAPACITY),
    webDir: path.resolve(flags['web-dir'] ?? path.join(import.meta.dirname, '../../dist/web')),
    logLevel: parseLogLevel(flags['log-level'] ?? 'info'),
    allowedHosts: Object.freeze((flags['allow-host'] ?? []).map(parseHostName)),
    repairGraceMs: parseGrace(flags['repair-grace']),
    swarmKeyFile: flags['swarm-key'] === undefined ? null : path.resolve(flags['swarm-key']),
    limits: DEFAULT_LIMITS,
  });
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    const [firstSentence] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s/);
    throw new AppError('BAD_INPUT', `${firstSentence ?? ''}. See --help.`, { cause });
  }
}

function parsePort(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new AppError('BAD_INPUT', `${flag} takes a port from 0 to 65535, not "${text}".`);
  }
  return port;
}

function parseCapacity(text: string): number {
  try {
    return parseSize(text);
  } catch (cause) {
    throw new AppError('BAD_INPUT', `--capacity: ${AppError.from(cause).message}`, { cause });
  }
}

function parseGrace(text: string | undefined): number {
  if (text === undefined) return DEFAULT_REPAIR_GRACE_MS;
  let graceMs: number;
  try {
    graceMs = parseDuration(text);
  } catch (cause) {
    throw new AppError('BAD_INPUT', `--repair-grace: ${AppError.from(cause).message}`, { cause });
  }
  if (graceMs < MIN_REPAIR_GRACE_MS || graceMs > MAX_REPAIR_GRACE_MS) {
    throw new AppError('BAD_INPUT', '--repair-grace takes from 1s to 7d.');
  }
  return graceMs;
}

function parseHost(text: string): string {
  if (!/^[A-Za-z0-9_.:%-]{1,255}$/.test(text)) {
    throw new AppError('BAD_INPUT', `--host takes an address to listen on, not "${text}".`);
  }
  return text;
}

function parseHostName(text: string): string {
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/.test(text)) {
    throw new AppError('BAD_INPUT', `--allow-host takes a bare host name, not "${text}".`);
  }
  return text.toLowerCase();
}

function parseJoinUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '') {
    throw new AppError(
      'BAD_INPUT',
      `--join takes a relay's URL such as http://192.168.1.5:8000, not "${text}".`,
    );
  }
  return url.origin;
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === text);
  if (level === undefined) {
    throw new AppError('BAD_INPUT', `--log-level takes one of ${LOG_LEVELS.join(', ')}, not "${text}".`);
  }
  return level;
}
