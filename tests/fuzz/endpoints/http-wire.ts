/** HTTP/1.1 as bytes on a socket: requests are whatever they are, and answers are held to the letter. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** Only bounds a failure: no answer of a relay takes as long. */
const PATIENCE_MS = 60_000;

export interface HttpAnswer {
  readonly status: number;
  /** By lowercase name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A connection for one request after the other. */
export class HttpWire implements Disposable {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake();
    });
    // A connection that is cut is an end like another: what is missing then is the caller's to judge.
    socket.on('error', () => socket.destroy());
    for (const event of ['end', 'close'])
      socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
  }

  static async connect(port: number): Promise<HttpWire> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new HttpWire(socket);
  }

  /** Whether the other side has ended the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Throws when the connection ends before the whole answer, or nothing comes. */
  async exchange(request: Uint8Array, isHead: boolean): Promise<HttpAnswer> {
    this.#received = Buffer.alloc(0);
    this.#socket.write(request);
    for (;;) {
      const answer = parseAnswer(this.#received, isHead);
      if (answer !== null) return answer;
      if (this.#ended) throw new Error(`No answer but ${shown(this.#received)} and the end.`);
      await this.#more();
    }
  }

  /** Sends, says that nothing more comes, and resolves with what has come when the other side has ended it too. */
  async sendAll(bytes: Uint8Array): Promise<Buffer> {
    this.#socket.end(bytes);
    while (!this.#ended) await this.#more();
    return this.#received;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#wake = () => resolve(undefined);
    const timer = setTimeout(() => reject(new Error('Neither an answer nor the end came.')), PATIENCE_MS);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Null: it is not whole yet. Throws for what is no answer. */
export function parseAnswer(bytes: Buffer, isHead: boolean): HttpAnswer | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, code] = /^HTTP\/1\.1 (\d{3}) [ -~]+$/.exec(first) ?? [];
  if (code === undefined) throw new Error(`No status line: ${shown(bytes)}`);
  const status = Number(code);
  const rest = bytes.subarray(end + 4);
  if (status === 100) return parseAnswer(rest, isHead);
  const headers = Object.fromEntries(lines.map(headerOf));
  if (isHead || status === 101 || status === 204 || status === 304) {
    // Who cannot make out the request's method answers as to any other, and ends the connection.
    const isLast = headers['connection']?.toLowerCase() === 'close';
    if (isHead && rest.length > 0 && !isLast) throw new Error(`A body after HEAD: ${shown(rest)}`);
    return { status, headers, body: Buffer.alloc(0) };
  }
  const body = headers['transfer-encoding'] === 'chunked' ? chunked(rest) : counted(rest, headers);
  return body === null ? null : { status, headers, body };
}

function headerOf(line: string): [name: string, value: string] {
  const [, name, value] = /^([!-9;-~]+): ?([\t -~\x80-\xff]*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`No header: ${JSON.stringify(line)}`);
  return [name.toLowerCase(), value];
}

function counted(rest: Buffer, headers: HttpAnswer['headers']): Buffer | null {
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (!Number.isSafeInteger(length)) throw new Error('An answer without a length.');
  if (rest.length > length) throw new Error(`More than an answer: ${shown(rest.subarray(length))}`);
  return rest.length === length ? rest : null;
}

function chunked(rest: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(rest.toString('latin1', at, line), 16);
    if (Number.isNaN(size)) throw new Error('A chunk without a size.');
    if (rest.length < line + 4 + size) return null;
    if (size === 0) return Buffer.concat(parts);
    parts.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
}

export function shown(bytes: Uint8Array, maxBytes = 1500): string {
  const text = JSON.stringify(Buffer.from(bytes.subarray(0, maxBytes)).toString('latin1'));
  return bytes.length <= maxBytes ? text : `${text} and ${String(bytes.length - maxBytes)} more bytes`;
}
