import { createSwarmKey } from '../adapters/swarm-key-file.ts';
import type { Output } from '../output.ts';
import { resolveUserPath } from '../paths.ts';

/** Makes the key of a private swarm. */
export async function swarmKey(file: string, output: Output): Promise<void> {
  const path = resolveUserPath(file);
  await createSwarmKey(path);
  output.say(
    `Wrote ${path}. Copy it to every machine of the swarm, by hand and not over the network it protects;\nstart relays with --swarm-key ${file}, and give the same to every command.`,
  );
  output.result({ file: path });
}
