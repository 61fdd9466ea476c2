/**
 * A Chromium driven by the few DevTools commands that a measurement needs. Playwright switches the network inspector on,
 * which keeps the bodies that a page sends: it would measure itself.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CHROMIUM_ARGS, chromiumPath } from './chromium.ts';
import { until } from './until.ts';

interface Reply {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

type Send = (method: string, params?: object) => Promise<unknown>;

export class BareBrowser implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess, socket: WebSocket) {
    this.#child = child;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply);
    });
  }

  static async launch(profileDir: string): Promise<BareBrowser> {
    const args = [
      ...CHROMIUM_ARGS,
      '--headless=new',
      '--remote-debugging-port=0',
      `--user-data-dir=${profileDir}`,
    ];
    const child = spawn(chromiumPath(), [...args, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface({ input: child.stderr })) {
      const url = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (url === undefined) continue;
      child.stderr.resume();
      const socket = new WebSocket(url);
      await once(socket, 'open');
      return new BareBrowser(child, socket);
    }
    throw new Error('Chromium ended before it was ready.');
  }

  /** A command to the browser, or to one page by its session. Rejects with what Chromium says. */
  async send(method: string, params: object = {}, sessionId?: string): Promise<unknown> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    this.#socket.send(
      JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }),
    );
    const { result, error } = await promise;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async open(url: string): Promise<BarePage> {
    const { targetId } = (await this.send('Target.createTarget', { url })) as { targetId: string };
    const attached = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const { sessionId } = attached as { sessionId: string };
    return new BarePage((method, params) => this.send(method, params, sessionId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    await this.send('Browser.close').catch(() => this.#child.kill('SIGKILL'));
    await ended;
  }
}

export class BarePage {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = (await this.#send('Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value?: unknown };
    };
    return result.value;
  }

  async waitFor(expression: string, timeoutMs = 60_000): Promise<void> {
    await until(async () => (await this.evaluate(`Boolean(${expression})`)) === true, expression, timeoutMs);
  }

  /** As if the user had picked the file. */
  async setFile(selector: string, file: string): Promise<void> {
    const { root } = (await this.#send('DOM.getDocument')) as { root: { nodeId: number } };
    const found = await this.#send('DOM.querySelector', { nodeId: root.nodeId, selector });
    const { nodeId } = found as { nodeId: number };
    await this.#send('DOM.setFileInputFiles', { nodeId, files: [file] });
  }

  async click(selector: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }
}
