/** Starts one relay as a process of its own that outlives this one. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import Type from 'typebox';
import { AppError, abortError, throwIfAborted } from '../../shared/errors.ts';
import { Ready } from '../../shared/protocol/ready.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { makeFolder } from '../adapters/folders.ts';
import { ioError } from '../adapters/io-errors.ts';
import { RELAY_MAIN } from '../paths.ts';
import { startOf } from './process-identity.ts';
import type { NetworkNode } from './state.ts';

/** Enough of a log's end for its last line. */
const TAIL_BYTES = 4096;

/** Fifty young generations of V8's default size are memory that a laptop has better uses for (measured: 12 MB each). */
const LEAN = ['--max-semi-space-size=2'];

export interface LaunchSpec {
  readonly name: string;
  readonly index: number | null;
  readonly flags: readonly string[];
  readonly logPath: string;
}

export interface LaunchSettings {
  readonly readyTimeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  /** The program to run; the relay's, unless a test stands in for it. */
  readonly program?: string;
}

/**
 * Resolves when the relay is ready; its log goes on after this process has ended. A relay that stops first, or is
 * not ready in time, is an `UNAVAILABLE` that quotes its last line and names its log; it is killed then.
 */
export async function launchRelay(
  spec: LaunchSpec,
  settings: LaunchSettings,
  signal: AbortSignal,
): Promise<NetworkNode> {
  throwIfAborted(signal);
  const child = await spawnDetached(spec, settings);
  try {
    const line = await firstLine(child, spec, settings.readyTimeoutMs, signal);
    const { id, port, link, https, authority } = parseJsonWith(Ready, line, `The first line of ${spec.name}`);
    const { pid } = child;
    const started = pid === undefined ? null : await startOf(pid);
    if (pid === undefined || started === null) throw await stoppedError(spec, child);
    const secure = https === undefined ? {} : { https };
    const trust = authority === undefined ? {} : { authority };
    return { name: spec.name, index: spec.index, pid, started, id, port, link, ...secure, ...trust };
  } catch (cause) {
    child.kill('SIGKILL');
    throw cause;
  } finally {
    // Neither the pipe nor the child keeps this process from ending.
    child.stdout?.destroy();
    child.unref();
  }
}

async function spawnDetached(spec: LaunchSpec, settings: LaunchSettings): Promise<ChildProcess> {
  try {
    await makeFolder(dirname(spec.logPath));
    await using log = await open(spec.logPath, 'a', 0o600);
    const child = spawn(
      process.execPath,
      [...process.execArgv, ...LEAN, settings.program ?? RELAY_MAIN, ...spec.flags],
      { detached: true, stdio: ['ignore', 'pipe', log.fd], env: settings.env },
    );
    await once(child, 'spawn');
    return child;
  } catch (cause) {
    throw ioError(cause, `Starting ${spec.name}`);
  }
}

async function firstLine(
  child: ChildProcess,
  spec: LaunchSpec,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  if (child.stdout === null) throw new AppError('INTERNAL', `${spec.name} has no output.`);
  const tooLate = AbortSignal.timeout(timeoutMs);
  const settled = new AbortController();
  const listening = { signal: AbortSignal.any([signal, tooLate, settled.signal]) };
  const lines = createInterface({ input: child.stdout });
  try {
    const line = await Promise.race([
      once(lines, 'line', listening).then(([text]) => String(text)),
      once(child, 'exit', listening).then(() => null),
    ]);
    if (line === null) throw await stoppedError(spec, child);
    return line;
  } catch (cause) {
    if (signal.aborted) throw abortError(signal);
    if (!tooLate.aborted) throw cause;
    throw new AppError(
      'TIMEOUT',
      `${spec.name} was not ready after ${timeoutMs / 1000} s. See ${spec.logPath}.`,
    );
  } finally {
    settled.abort();
    lines.close();
  }
}

async function stoppedError(spec: LaunchSpec, child: ChildProcess): Promise<AppError> {
  const last = (await tailOf(spec.logPath)).trimEnd().split('\n').at(-1) ?? '';
  const how = child.exitCode === null ? (child.signalCode ?? 'killed') : `exit status ${child.exitCode}`;
  const words = last === '' ? '' : ` Its last words: ${messageOf(last)}`;
  return new AppError(
    'UNAVAILABLE',
    `${spec.name} stopped while it started (${how}).${words} See ${spec.logPath}.`,
  );
}

async function tailOf(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read({
    buffer: Buffer.alloc(TAIL_BYTES),
    position: Math.max(0, size - TAIL_BYTES),
  });
  return buffer.toString('utf8', 0, bytesRead);
}

/** A log line is JSON with a `msg`, or plain text when the relay could not get that far. */
function messageOf(line: string): string {
  const Line = Type.Object({ msg: Type.String() });
  try {
    return parseJsonWith(Line, line, 'The log line').msg;
  } catch (cause) {
    if (cause instanceof AppError) return line.slice(0, 300);
    throw cause;
  }
}
