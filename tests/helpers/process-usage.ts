/** What a process of this machine uses, as Linux tells it. */
import { readFile } from 'node:fs/promises';

/** `/proc/PID/stat` counts in these. */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1024;

/** User and system time: fields 14 and 15 of proc_pid_stat(5), the second of which may hold spaces. */
export async function processorSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Proportional set size: what several processes share is counted once in their sum. */
export async function pssMib(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) / KIB_PER_MIB;
}

export async function sumOf(
  pids: readonly number[],
  valueOf: (pid: number) => Promise<number>,
): Promise<number> {
  return (await Promise.all(pids.map(valueOf))).reduce((sum, value) => sum + value, 0);
}

/** Resident set size: what of the process is in memory, shared pages included. */
export async function rssMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / KIB_PER_MIB;
}
