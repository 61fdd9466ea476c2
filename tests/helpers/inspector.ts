/** Node's inspector in a process that was not started for it: SIGUSR1 opens it, on this port. One process at a time. */
import { once } from 'node:events';
import { until } from './until.ts';

const TARGETS = 'http://127.0.0.1:9229/json/list';

interface Target {
  readonly webSocketDebuggerUrl: string;
}

/** Makes V8 give up all that nobody can reach any more, and closes the inspector again. */
export async function collectGarbage(pid: number): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  let target: Target | undefined;
  await until(
    async () => {
      const answer = await fetch(TARGETS).catch(() => null);
      [target] = answer === null ? [] : ((await answer.json()) as Target[]);
      return target !== undefined;
    },
    `the inspector of process ${String(pid)} answers`,
  );
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  await once(socket, 'open');
  let id = 0;
  const call = async (method: string, params: object = {}): Promise<void> => {
    socket.send(JSON.stringify({ id: ++id, method, params }));
    await once(socket, 'message');
  };
  await call('HeapProfiler.collectGarbage');
  // The second takes what finalizers of the first let go.
  await call('HeapProfiler.collectGarbage');
  const closed = once(socket, 'close');
  await call('Runtime.evaluate', {
    expression: 'void setImmediate(() => process.getBuiltinModule("inspector").close())',
  });
  await closed;
}
