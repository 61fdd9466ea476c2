/** Runs the command line in this process: quick enough to try every flag. For what reads stdin or becomes a relay, see `CliUser`. */
import { vi } from 'vitest';
import { runCommand } from '../../cli/run-command.ts';

export interface CallResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One call at a time. */
export async function callCli(
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<CallResult> {
  const text = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((part, encoding?: unknown, done?: unknown) => {
      text[name] += typeof part === 'string' ? part : Buffer.from(part).toString();
      const callback = typeof encoding === 'function' ? encoding : done;
      if (typeof callback === 'function') (callback as () => void)();
      return true;
    }),
  );
  try {
    return { code: await runCommand(args, signal), ...text };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Points the environment at a folder of the test's, and keeps the program from starting itself anew. */
export function useHome(folder: string): void {
  vi.stubEnv('XDG_DATA_HOME', folder);
  vi.stubEnv('INIT_CWD', folder);
  vi.stubEnv('MALLOC_ARENA_MAX', '2');
  vi.stubEnv('MALLOC_MMAP_THRESHOLD_', '262144');
}
