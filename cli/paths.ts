/** Where things are: the checkout, the caller's folder and this user's data. */
import { homedir } from 'node:os';
import { extname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds `cli/`, `relay/` and `dist/`. */
export const PROJECT_FOLDER = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder that relative paths of the user start from. npm runs scripts in the project's folder and tells the
 * caller's in INIT_CWD; elsewhere a stray INIT_CWD (a shell started by npm) must not count.
 */
export function callerFolder(env: Environment = process.env, cwd: string = process.cwd()): string {
  const initial = env['INIT_CWD'];
  return initial !== undefined && isAbsolute(initial) && resolve(cwd) === PROJECT_FOLDER ? initial : cwd;
}

export function resolveUserPath(path: string): string {
  return resolve(callerFolder(), path);
}

/** This user's Lanvault data: vault and journals (XDG Base Directory Specification). */
export function userDataFolder(env: Environment = process.env): string {
  const configured = env['XDG_DATA_HOME'];
  // The specification says that relative values are to be ignored.
  const base =
    configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), '.local', 'share');
  return join(base, 'lanvault');
}

/** Data of simulated nodes and of the relays that `network start` runs. */
export const DEFAULT_NETWORK_DATA = 'network_data';
export const DEFAULT_LOGS = 'logs';
/** Manifests of uploads without `--manifest`; in the caller's folder. */
export const DEFAULT_MANIFESTS = 'manifests';

/** A folder of the simulated network: as given by the user, or a default in the working folder. */
export function resolveNetworkFolder(given: string | undefined, fallback: string): string {
  return given === undefined ? resolve(fallback) : resolveUserPath(given);
}

/** The relay's program, in the form that this one runs in: TypeScript in a checkout, JavaScript when installed. */
export const RELAY_MAIN = join(PROJECT_FOLDER, 'relay', `main${extname(import.meta.filename)}`);
/** As `RELAY_MAIN`: checks a relay's storage folder. */
export const RELAY_FSCK = join(PROJECT_FOLDER, 'relay', `fsck${extname(import.meta.filename)}`);
export const WEB_BUILD = join(PROJECT_FOLDER, 'dist', 'web');
