/** Relays are processes of their own: here is how the command line turns into one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { RELAY_MAIN } from './paths.ts';

const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export type Launcher = 'replace' | 'child';

/**
 * Runs a relay's program in the foreground with this process's streams. Where the system can, this process *becomes* the relay
 * (execve), so that whoever started or kills it deals with the relay itself; on Windows the relay is a child whose
 * exit status is returned and to which signals are passed on.
 */
export async function runRelay(
  flags: readonly string[],
  program = RELAY_MAIN,
  launcher: Launcher = process.platform === 'win32' ? 'child' : 'replace',
): Promise<number> {
  const args = [program, ...flags];
  if (launcher === 'replace' && process.execve !== undefined) {
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...args], process.env);
  }
  return runAsChild(args);
}

async function runAsChild(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: 'inherit' });
  const forward = (name: NodeJS.Signals): void => {
    // A terminal sends Ctrl-C to the child as well; a second one would cut its shutdown short.
    if (name !== 'SIGINT' || !process.stdin.isTTY) child.kill(name);
  };
  for (const name of FORWARDED) process.on(name, forward);
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return status ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    for (const name of FORWARDED) process.off(name, forward);
  }
}

/** Command-line flags out of defined values: `{ linkPort: 0, join: [a, b], help: true }` → `--link-port 0 --join a --join b --help`. */
export function toFlags(
  values: Readonly<Record<string, string | number | true | readonly string[] | undefined>>,
): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [flag];
    return (Array.isArray(value) ? value : [value]).flatMap((item) => [flag, String(item)]);
  });
}
