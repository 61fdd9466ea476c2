/** Keeps relays slow: a process of its own stops and continues theirs, since no command runs on for that. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import Type from 'typebox';
import type { Static } from 'typebox';
import { AppError } from '../../shared/errors.ts';
import { ioError } from '../adapters/io-errors.ts';
import { signalProcess, startOf } from './process-identity.ts';
import { shutDown } from './shutdown.ts';
import type { NetworkState } from './state.ts';

const PROGRAM = fileURLToPath(new URL(`./freezer-main${extname(import.meta.filename)}`, import.meta.url));

/** What the freezer's process is told, as its one argument. */
export const FreezerOrder = Type.Array(
  Type.Object({
    pid: Type.Integer({ minimum: 2 }),
    started: Type.String(),
    delayMs: Type.Integer({ minimum: 1 }),
  }),
);
type FreezerOrder = Static<typeof FreezerOrder>;

/** The state with a freezer for its slow nodes, in place of the one before; without one where none is slow. Throws `UNSUPPORTED`, `IO`. */
export async function withFreezer(state: NetworkState): Promise<NetworkState> {
  await stopFreezer(state);
  const order = state.nodes.flatMap(({ pid, started, slow_ms: delayMs }) =>
    delayMs === undefined ? [] : [{ pid, started, delayMs }],
  );
  return { ...state, freezer: order.length === 0 ? null : await startFreezer(order) };
}

/** Ends the freezer, and lets whatever it had stopped go on. */
export async function stopFreezer({ freezer, nodes }: NetworkState): Promise<void> {
  if (freezer !== undefined && freezer !== null) await shutDown([freezer]);
  // It does so itself, unless it was killed.
  for (const node of nodes) if (node.slow_ms !== undefined) await signalProcess(node, 'SIGCONT');
}

async function startFreezer(order: FreezerOrder): Promise<NonNullable<NetworkState['freezer']>> {
  if (process.platform === 'win32')
    throw new AppError(
      'UNSUPPORTED',
      'Windows cannot stop and continue processes: no relay can be made slow.',
    );
  try {
    const child = spawn(process.execPath, [...process.execArgv, PROGRAM, JSON.stringify(order)], {
      detached: true,
      stdio: 'ignore',
    });
    await once(child, 'spawn');
    child.unref();
    const { pid } = child;
    const started = pid === undefined ? null : await startOf(pid);
    if (pid === undefined || started === null)
      throw new AppError('IO', 'The process that slows relays down did not start.');
    return { pid, started };
  } catch (cause) {
    throw ioError(cause, 'Slowing relays down');
  }
}
