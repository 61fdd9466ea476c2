import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { launchRelay } from '../../../../cli/network/launch.ts';
import { isRunning, signalProcess, startOf } from '../../../../cli/network/process-identity.ts';
import type { ProcessIdentity } from '../../../../cli/network/process-identity.ts';
import { shutDown } from '../../../../cli/network/shutdown.ts';
import { readState, writeState } from '../../../../cli/network/state.ts';
import { TempFolder } from '../adapters/temp-folder.ts';

const FOREVER = 'setInterval(() => undefined, 1000); console.log("up")';
const ID = 'a'.repeat(64);

/** A process that says when it is up. */
async function running(script: string): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const started = await startOf(child.pid ?? 0);
  if (child.pid === undefined || started === null) throw new Error('It did not start.');
  return { child, identity: { pid: child.pid, started } };
}

describe('process identity', () => {
  it('knows a process from its remains and from a later one with the same pid', async () => {
    const { child, identity } = await running(FOREVER);
    expect(await isRunning(identity)).toBe(true);
    const later = { ...identity, started: 'another boot:1' };
    expect(await isRunning(later)).toBe(false);
    expect(await signalProcess(later, 'SIGKILL')).toBe(false);
    expect(child.signalCode).toBeNull();
    const exit = once(child, 'exit');
    expect(await signalProcess(identity, 'SIGKILL')).toBe(true);
    await exit;
    expect(await isRunning(identity)).toBe(false);
    expect(await signalProcess(identity, 'SIGTERM')).toBe(false);
  });
});

describe('shutDown', () => {
  it('asks, and kills what does not listen', async () => {
    const polite = await running(FOREVER);
    const deaf = await running(`process.on('SIGTERM', () => undefined); ${FOREVER}`);
    const gone = { pid: polite.identity.pid, started: 'another boot:1' };
    const report = await shutDown([polite.identity, gone, deaf.identity], 2_000);
    expect(report).toEqual({ stopped: 1, killed: 1, gone: 1 });
    expect(await Promise.all([polite, deaf].map(({ identity }) => isRunning(identity)))).toEqual([
      false,
      false,
    ]);
  });
});

describe('launchRelay', () => {
  async function launch(folder: TempFolder, program: string, readyTimeoutMs = 20_000) {
    await writeFile(folder.join('program.mjs'), program);
    const spec = {
      name: 'relay-7',
      index: 7,
      flags: ['--flag', 'x'],
      logPath: folder.join('logs', 'relay-7.log'),
    };
    const settings = { readyTimeoutMs, env: process.env, program: folder.join('program.mjs') };
    return launchRelay(spec, settings, new AbortController().signal);
  }

  it('resolves with the ready line, and leaves a process that logs on its own', async () => {
    await using folder = await TempFolder.create();
    const ready = JSON.stringify({ event: 'ready', id: ID, port: 8000, link: 9000 });
    const node = await launch(
      folder,
      `console.error(process.argv.slice(2).join(' ')); console.log(${JSON.stringify(ready)}); ${FOREVER}`,
    );
    onTestFinished(() => void process.kill(node.pid, 'SIGKILL'));
    expect(node).toMatchObject({ name: 'relay-7', index: 7, id: ID, port: 8000, link: 9000 });
    expect(await isRunning(node)).toBe(true);
    expect(await readFile(folder.join('logs', 'relay-7.log'), 'utf8')).toBe('--flag x\n');
  });

  it('quotes the last words of a relay that stops, and names its log', async () => {
    await using folder = await TempFolder.create();
    const words = JSON.stringify({ level: 60, msg: 'Port 7 is taken.' });
    await expect(
      launch(folder, `console.error(${JSON.stringify(words)}); process.exit(3)`),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/exit status 3.*Port 7 is taken\..*relay-7\.log/) as string,
    });
  });

  it('does not take anything else for a ready line', async () => {
    await using folder = await TempFolder.create();
    await expect(launch(folder, FOREVER)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('gives up on a relay that is never ready, and ends it', async () => {
    await using folder = await TempFolder.create();
    await expect(launch(folder, 'setInterval(() => undefined, 1000)', 50)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('relay-7.log') as string,
    });
  });
});

describe('network state', () => {
  it('is read as it was written, and refused when damaged', async () => {
    await using folder = await TempFolder.create();
    expect(await readState(folder.path)).toBeNull();
    const node = { name: 'relay-8000', index: 0, pid: 4711, started: 'x:1', id: ID, port: 8000, link: 4000 };
    const state = {
      format: 'lanvault-network/1' as const,
      host: '127.0.0.1',
      discovery_port: 9999,
      nodes: [node],
    };
    await writeState(folder.path, state);
    expect(await readState(folder.path)).toEqual(state);
    for (const text of ['', '{}', JSON.stringify({ ...state, nodes: [{ ...node, pid: 1 }] })]) {
      await writeFile(folder.join('network.json'), text);
      await expect(readState(folder.path)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });
});
