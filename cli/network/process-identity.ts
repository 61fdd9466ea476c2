/** Tells a process from a later one that got the same pid, so that a stale state file never kills a stranger. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errnoOf } from '../adapters/io-errors.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; differs between two processes that had the same pid. */
  readonly started: string;
}

/** When the process started, as an opaque string; null when there is none, or only its unreaped remains. */
export async function startOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') return startFromProc(pid);
  if (process.platform === 'win32') return isSignalable(pid) ? 'running' : null;
  return startFromPs(pid);
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await startOf(identity.pid)) === identity.started;
}

/** Signals the process if it is still the same one. Resolves with whether it was. */
export async function signalProcess(identity: ProcessIdentity, name: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'ESRCH') return false;
    throw cause;
  }
}

/** Linux, proc(5): field 3 of `/proc/PID/stat` is the state, field 22 the start in ticks since boot. */
async function startFromProc(pid: number): Promise<string | null> {
  let stat: string;
  let bootId: string;
  try {
    [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ESRCH') return null;
    throw cause;
  }
  // The name in field 2 may hold spaces and brackets; the last bracket ends it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' || start === undefined ? null : `${bootId.trim()}:${start}`;
}

async function startFromPs(pid: number): Promise<string | null> {
  if (!isSignalable(pid)) return null;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
  return stdout.trim() === '' ? null : stdout.trim();
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return errnoOf(cause) === 'EPERM';
  }
}
