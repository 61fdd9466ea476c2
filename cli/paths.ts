/** Where things are: the checkout, the caller's folder and this user's data. */
import { homedir } from 'node:os';
import { extname, isAbsolute, join, resolve } from 'node:path';

/** The form that this module runs in: TypeScript of a checkout, or built into `dist/cli/`. */
const EXTENSION = extname(import.meta.filename);

/** The folder that holds `cli/` and `relay/`. */
const PROGRAM_FOLDER = resolve(import.meta.dirname, '..');
/** The folder that holds `package.json` and `dist/`. */
export const PROJECT_FOLDER = EXTENSION === '.ts' ? PROGRAM_FOLDER : resolve(PROGRAM_FOLDER, '..');

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
/** In it: the certificate authority of relays that have their data there. */
export const AUTHORITY_FOLDER = 'tls';
export const DEFAULT_LOGS = 'logs';
/** Manifests of uploads without `--manifest`; in the caller's folder. */
export const DEFAULT_MANIFESTS = 'manifests';

/** A folder of the simulated network: as given by the user, or a default in the working folder. */
export function resolveNetworkFolder(given: string | undefined, fallback: string): string {
  return given === undefined ? resolve(fallback) : resolveUserPath(given);
}

export const RELAY_MAIN = join(PROGRAM_FOLDER, 'relay', `main${EXTENSION}`);
/** Checks a relay's storage folder. */
export const RELAY_FSCK = join(PROGRAM_FOLDER, 'relay', `fsck${EXTENSION}`);
export const WEB_BUILD = join(PROJECT_FOLDER, 'dist', 'web');
