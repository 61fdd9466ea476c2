import { localUrl } from '../../shared/protocol/address.ts';
import { AppError } from '../../shared/errors.ts';
import type { Status } from '../../shared/protocol/routes.ts';
import { isRunning } from '../network/process-identity.ts';
import { fetchStatus, relayFetch } from '../network/relay-status.ts';
import type { RelayFetch } from '../network/relay-status.ts';
import { readState } from '../network/state.ts';
import type { NetworkNode, NetworkState } from '../network/state.ts';
import type { Output } from '../output.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import { DEFAULT_NETWORK_DATA, resolveNetworkFolder } from '../paths.ts';
import { formatBytes } from '../text.ts';

export interface NetworkStatusOptions {
  readonly dataDir?: string;
}

interface NodeReport {
  readonly node: NetworkNode;
  readonly running: boolean;
  readonly status: Status | null;
}

/** Resolves with `ok` when every process of the network answers, `relays` otherwise. */
export async function networkStatus(
  options: NetworkStatusOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const state = await readState(resolveNetworkFolder(options.dataDir, DEFAULT_NETWORK_DATA));
  if (state === null || state.nodes.length === 0) {
    output.say('No network is running. Start one with "lanvault network start".');
    output.result({ running: false, nodes: [] });
    return EXIT_CODES.relays.status;
  }
  const send = await relayFetch(state.swarm_key);
  const reports = await Promise.all(state.nodes.map((node) => inspect(state, node, send, signal)));
  const healthy = reports.every(({ status }) => status !== null);
  output.say(table(reports));
  const up = reports.filter(({ status }) => status !== null).length;
  output.say(`${up} of ${reports.length} processes answer.`);
  output.result({ running: healthy, nodes: reports.map(toJson) });
  return healthy ? EXIT_CODES.ok.status : EXIT_CODES.relays.status;
}

async function inspect(
  state: NetworkState,
  node: NetworkNode,
  send: RelayFetch,
  signal: AbortSignal,
): Promise<NodeReport> {
  if (!(await isRunning(node))) return { node, running: false, status: null };
  try {
    return {
      node,
      running: true,
      status: await fetchStatus(localUrl(state.host, node.port), signal, send),
    };
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'UNAVAILABLE')
      return { node, running: true, status: null };
    throw cause;
  }
}

function table(reports: readonly NodeReport[]): string {
  const rows = reports.map(({ node, running, status }) => [
    node.name,
    String(node.port),
    String(node.pid),
    stateWord({ node, running, status }),
    status === null ? '' : String(status.peers),
    status === null ? '' : String(status.chunks),
    status === null ? '' : formatBytes(status.used),
  ]);
  const lines = [['name', 'port', 'pid', 'state', 'peers', 'chunks', 'used'], ...rows];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function stateWord({ node, running, status }: NodeReport): string {
  if (!running) return node.killed === true ? 'killed' : 'down';
  const word = status === null ? 'no answer' : status.ready ? 'up' : 'starting';
  return node.slow_ms === undefined ? word : `${word}, slow`;
}

function toJson({ node, running, status }: NodeReport): Record<string, unknown> {
  const { name, port, pid, id, killed = false, slow_ms = null } = node;
  const counters =
    status === null
      ? null
      : { peers: status.peers, chunks: status.chunks, used: status.used, ready: status.ready };
  return { name, port, pid, id, running, killed, slow_ms, status: counters };
}
