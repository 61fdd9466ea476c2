/** Clients of an HTTP server that ask as fast as they are answered, each over a connection of its own. */
import { Agent, request } from 'node:http';
import type { RequestOptions } from 'node:http';

export interface LoadRequest {
  readonly url: string;
  readonly options?: RequestOptions;
  readonly body?: Uint8Array;
}

/** Sends all of them; resolves with the seconds that took. Rejects for any answer but 200. */
export async function sendAll(requests: readonly LoadRequest[], clients: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const startMs = performance.now();
  let next = 0;
  try {
    await Promise.all(
      Array.from({ length: clients }, async () => {
        for (let one = requests[next++]; one !== undefined; one = requests[next++]) await send(one, agent);
      }),
    );
  } finally {
    agent.destroy();
  }
  return (performance.now() - startMs) / 1000;
}

function send({ url, options, body }: LoadRequest, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url}: ${String(response.statusCode)}`));
      response.on('error', reject);
      response.on('end', resolve);
      response.resume();
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
