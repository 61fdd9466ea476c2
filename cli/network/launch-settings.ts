import { join } from 'node:path';
import { PROJECT_FOLDER } from '../paths.ts';
import type { LaunchSettings } from './launch.ts';

const READY_TIMEOUT_MS = 120_000;

/** How the relays of a network are started. Fifty processes of one program: what the first compiles, the others read. */
export function launchSettings(): LaunchSettings {
  const cache =
    process.env['NODE_COMPILE_CACHE'] ?? join(PROJECT_FOLDER, 'node_modules', '.cache', 'lanvault');
  // Settings of a relay on its own are not theirs.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LANVAULT_RELAY_'));
  return {
    readyTimeoutMs: READY_TIMEOUT_MS,
    env: { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: cache },
  };
}
