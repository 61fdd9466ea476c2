/** What a relay can be told: one table, out of which flags, environment variables, config file, help and documentation are made. */
import path from 'node:path';
import * as Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { AppError } from '../../shared/errors.ts';
import {
  DEFAULT_DISCOVERY_PORT,
  DEFAULT_REPAIR_GRACE_MS,
  FREE_SPACE_FLOOR_BYTES,
  MAX_REPAIR_GRACE_MS,
  MIB,
  MIN_REPAIR_GRACE_MS,
} from '../../shared/limits.ts';
import { parseDuration } from './durations.ts';
import { parseSize } from './sizes.ts';

interface Setting {
  readonly placeholder: string;
  readonly help: string;
  /** What its values are, for whoever gave another one. */
  readonly takes: string;
  /** As one would write it, paths from the project's folder; without it the setting may be absent. */
  readonly fallback?: string;
  readonly required?: true;
  /** May be given several times. */
  readonly repeatable?: true;
  /** As a flag it stands alone, and means `true`. */
  readonly isSwitch?: true;
  /** Of one value. */
  readonly schema: TSchema;
  /** One value out of what was written; relative paths start from `folder`. May throw `BAD_INPUT`. */
  readonly read: (text: string, folder: string) => unknown;
}

const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Path = Type.String({ minLength: 1 });
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
const LogLevelSchema = Type.Enum(LOG_LEVELS);
export type LogLevel = Static<typeof LogLevelSchema>;

const readPort = (text: string): number => (/^\d{1,5}$/.test(text) ? Number(text) : NaN);
const readPath = (text: string, folder: string): string => (text === '' ? '' : path.resolve(folder, text));

export const SETTINGS = {
  'storage-dir': {
    placeholder: 'DIR',
    help: 'where chunks, index and identity are kept',
    takes: 'a folder',
    required: true,
    schema: Path,
    read: readPath,
  },
  port: {
    placeholder: 'N',
    help: 'HTTP port; 0 = any free one',
    takes: 'a port from 0 to 65535',
    fallback: '8000',
    schema: Port,
    read: readPort,
  },
  host: {
    placeholder: 'ADDRESS',
    help: 'address to listen on',
    takes: 'an address to listen on',
    fallback: '0.0.0.0',
    schema: Type.String({ pattern: '^[A-Za-z0-9_.:%-]{1,255}$' }),
    read: (text) => text,
  },
  'link-port': {
    placeholder: 'N',
    help: 'TCP port for links between relays; 0 = any free one',
    takes: 'a port from 0 to 65535',
    fallback: '0',
    schema: Port,
    read: readPort,
  },
  'discovery-port': {
    placeholder: 'N',
    help: 'UDP port of beacons; 0 = off',
    takes: 'a port from 0 to 65535',
    fallback: String(DEFAULT_DISCOVERY_PORT),
    schema: Port,
    read: readPort,
  },
  join: {
    placeholder: 'URL',
    help: 'a relay to join where broadcasts do not reach',
    takes: 'a relay’s URL such as http://192.168.1.5:8000',
    repeatable: true,
    schema: Type.String({ minLength: 1 }),
    read: readOrigin,
  },
  capacity: {
    placeholder: 'SIZE',
    help: 'bytes to lend, e.g. 10G or 512M; 0 = store nothing',
    takes: 'a size: bytes, or a number with K, M, G or T',
    fallback: '10G',
    schema: Size,
    read: parseSize,
  },
  'min-free': {
    placeholder: 'SIZE',
    help: 'bytes of the disk that are never used',
    takes: 'a size: bytes, or a number with K, M, G or T',
    fallback: `${FREE_SPACE_FLOOR_BYTES / MIB}M`,
    schema: Size,
    read: parseSize,
  },
  'web-dir': {
    placeholder: 'DIR',
    help: 'the built web app',
    takes: 'a folder',
    fallback: 'dist/web',
    schema: Path,
    read: readPath,
  },
  'allow-host': {
    placeholder: 'NAME',
    help: 'a host name that clients use for this relay',
    takes: 'a bare host name',
    repeatable: true,
    schema: Type.String({ pattern: '^[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?$' }),
    read: (text) => text.toLowerCase(),
  },
  'repair-grace': {
    placeholder: 'TIME',
    help: 'how long a relay may be away before its chunks are made anew elsewhere',
    takes: 'a time from 1s to 7d, with its unit',
    fallback: `${DEFAULT_REPAIR_GRACE_MS / 60_000}m`,
    schema: Type.Integer({ minimum: MIN_REPAIR_GRACE_MS, maximum: MAX_REPAIR_GRACE_MS }),
    read: parseDuration,
  },
  'swarm-key': {
    placeholder: 'FILE',
    help: 'key of a private swarm: only relays and clients with it take part',
    takes: 'a file',
    schema: Path,
    read: readPath,
  },
  tls: {
    placeholder: '',
    help: 'HTTPS too, by a certificate authority of one’s own or --tls-cert',
    takes: 'true or false',
    fallback: 'false',
    isSwitch: true,
    schema: Type.Boolean(),
    read: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  },
  'tls-port': {
    placeholder: 'N',
    help: 'HTTPS port; 0 = any free one',
    takes: 'a port from 0 to 65535',
    fallback: '8443',
    schema: Port,
    read: readPort,
  },
  'tls-dir': {
    placeholder: 'DIR',
    help: 'where the authority is kept (default: tls in the storage folder); relays with the same one need be trusted once',
    takes: 'a folder',
    schema: Path,
    read: readPath,
  },
  'tls-cert': {
    placeholder: 'FILE',
    help: 'a certificate chain in PEM to use instead',
    takes: 'a file',
    schema: Path,
    read: readPath,
  },
  'tls-key': {
    placeholder: 'FILE',
    help: 'its key in PEM',
    takes: 'a file',
    schema: Path,
    read: readPath,
  },
  'log-level': {
    placeholder: 'LEVEL',
    help: LOG_LEVELS.join(', '),
    takes: `one of ${LOG_LEVELS.join(', ')}`,
    fallback: 'info',
    schema: LogLevelSchema,
    read: (text) => text,
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S extends Setting> = S extends { readonly repeatable: true }
  ? readonly Static<S['schema']>[]
  : S extends { readonly fallback: string } | { readonly required: true }
    ? Static<S['schema']>
    : Static<S['schema']> | null;

/** A relay's settings with their values, in base units: bytes, ms, absolute paths. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function settingOf(name: SettingName): Setting {
  return SETTINGS[name];
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** `where`: how whoever wrote the value would look for it. Throws `BAD_INPUT` that says so and what would be right. */
export function readValue(name: SettingName, text: string, folder: string, where: string): unknown {
  const { read, schema, takes } = settingOf(name);
  let value: unknown;
  try {
    value = read(text.trim(), folder);
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
  }
  if (Check(schema, value)) return value;
  throw new AppError('BAD_INPUT', `${where} takes ${takes}, not ${JSON.stringify(text)}.`);
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isRelay = url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '';
  return isRelay ? url.origin : '';
}
