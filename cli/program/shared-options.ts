/** What several commands have in common. */
import type { Command } from 'commander';
import { DEFAULT_DISCOVERY_PORT } from '../../shared/limits.ts';
import { parsePort, parseRelayUrl, repeatable } from '../option-parsers.ts';
import { createOutput } from '../output.ts';
import type { Output } from '../output.ts';

export interface Json {
  readonly json?: boolean;
}

/** What a command's action gets from the process that runs it. */
export interface ProgramContext {
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** Gets the exit status of a command that ended without an error. */
  readonly setStatus: (status: number) => void;
}

export const text = (value: string): string => value;

export function outputOf(options: Json): Output {
  return createOutput({ json: options.json === true });
}

export function jsonOption(command: Command): Command {
  return command.option('--json', 'print JSON');
}

/** Which relays a command talks to; without any of these, the local simulation. */
export function swarmOptions(command: Command): Command {
  return jsonOption(
    command
      .option('--scan', 'find relays by their beacons')
      .option(
        '--entry-node <url>',
        'a relay to talk to; repeatable, tried in turn',
        repeatable(parseRelayUrl),
      )
      .option('--discovery-port <n>', 'UDP port that --scan listens on', parsePort, DEFAULT_DISCOVERY_PORT)
      .option('--data-dir <folder>', 'nodes of the local simulation (default: network_data)')
      .option('--swarm-key <file>', 'key of a private swarm'),
  );
}

export function killNodeOption(command: Command): Command {
  return command.option('--kill-node <name>', 'take a simulated node as dead; repeatable', repeatable(text));
}
