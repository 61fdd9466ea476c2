/** What a browser with all its processes holds in memory, read from the kernel while something runs. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import Type from 'typebox';
import { parseWith } from '../../shared/protocol/schemas.ts';
import type { BareBrowser } from './bare-browser.ts';

const SAMPLE_EVERY_MS = 200;
const KIB_PER_MIB = 1024;

const ProcessInfo = Type.Object({
  processInfo: Type.Array(Type.Object({ id: Type.Integer(), type: Type.String() })),
});

export interface MemoryPeak {
  /** Of all processes at one moment, MiB. */
  readonly totalMib: number;
  /** Each kind of process at that moment, MiB. */
  readonly byType: Readonly<Record<string, number>>;
}

/**
 * The peak while `work` runs: heaps, buffers and shared memory (Pss_Anon + Pss_Shmem, so that what processes share
 * counts once) of every process that the DevTools protocol names. The program's own code and cached files do not count.
 */
export async function peakMemoryDuring(browser: BareBrowser, work: () => Promise<void>): Promise<MemoryPeak> {
  const done = new AbortController();
  let peak: MemoryPeak = { totalMib: 0, byType: {} };
  async function sample(): Promise<void> {
    while (!done.signal.aborted) {
      const answer = await browser.send('SystemInfo.getProcessInfo');
      const { processInfo } = parseWith(ProcessInfo, answer, 'The process list');
      const byType: Record<string, number> = {};
      for (const { id, type } of processInfo) byType[type] = (byType[type] ?? 0) + (await privateMib(id));
      const totalMib = Object.values(byType).reduce((sum, mib) => sum + mib, 0);
      if (totalMib > peak.totalMib) peak = { totalMib, byType };
      await pause(SAMPLE_EVERY_MS);
    }
  }
  const sampling = sample();
  sampling.catch(() => undefined); // Thrown below, once the work has ended.
  try {
    await work();
  } finally {
    done.abort();
    await sampling;
  }
  return peak;
}

/** 0 for a process that has just ended. */
async function privateMib(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${String(pid)}/smaps_rollup`, 'utf8').catch(() => '');
  const kib = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0);
  return (kib('Pss_Anon') + kib('Pss_Shmem')) / KIB_PER_MIB;
}
