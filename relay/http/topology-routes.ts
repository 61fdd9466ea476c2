/** `GET /topology`: for the Network view. */
import { routes } from '../../shared/protocol/routes.ts';
import type { ApiServices } from './api-services.ts';
import { clientGone } from './client.ts';
import { unmapped } from '../services/address-group.ts';
import type { HttpServer } from './server.ts';

export function registerTopology(
  server: HttpServer,
  { topology, directory }: Pick<ApiServices, 'topology' | 'directory'>,
): void {
  const { path, response } = routes.topology;
  server.get(path, { schema: { response: { 200: response } } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const host = unmapped(request.socket.localAddress ?? '') || directory.self.host;
    const { relays, links } = await topology.read(clientGone(reply));
    return {
      relays: relays.map((relay) => (relay.id === directory.self.id ? { ...relay, host } : relay)),
      links,
    };
  });
}
