import { join } from 'node:path';
import { AUTHORITY_FOLDER } from '../paths.ts';
import { toFlags } from '../relay-process.ts';
import type { LaunchSpec } from './launch.ts';

/** What all relays of a network have in common. */
export interface NetworkPlace {
  readonly host: string;
  readonly discoveryPort: number;
  readonly swarmKeyFile: string | undefined;
  /** HTTPS port of the web UI, where it has one. */
  readonly tlsPort: number | undefined;
  readonly dataFolder: string;
  readonly logFolder: string;
}

/** How one of them is started; `index` null is the web UI, which stores nothing. */
export function relaySpec(
  { name, index, port }: { readonly name: string; readonly index: number | null; readonly port: number },
  { host, discoveryPort, swarmKeyFile: swarmKey, tlsPort, dataFolder, logFolder }: NetworkPlace,
): LaunchSpec & { readonly port: number } {
  const storageDir = join(dataFolder, name);
  const capacity = index === null ? 0 : undefined;
  const secure =
    index === null && tlsPort !== undefined
      ? { tls: true as const, tlsPort, tlsDir: join(dataFolder, AUTHORITY_FOLDER) }
      : {};
  return {
    ...{ name, index, port },
    logPath: join(logFolder, `${name}.log`),
    flags: toFlags({ port, storageDir, host, discoveryPort, swarmKey, capacity, ...secure }),
  };
}
