/** `WS /events`: the bus, one JSON text a message. Listeners and what waits for a slow one are bounded. */
import type { Duplex } from 'node:stream';
import { fastifyWebsocket } from '@fastify/websocket';
import { AppError } from '../../shared/errors.ts';
import type { RelayEvent } from '../../shared/protocol/events.ts';
import type { EventBus } from '../services/events.ts';
import type { HttpServer } from './server.ts';

/** Clients have nothing to say here. */
const MAX_INBOUND_BYTES = 1024;
/** RFC 6455 §7.4.1: 1013 is "try again later". */
const TRY_AGAIN_LATER = 1013;
const GOING_AWAY = 1001;

export interface EventStreamOptions {
  readonly events: EventBus;
  readonly maxListeners: number;
  readonly maxBacklogBytes: number;
}

/** What is used of a `ws` socket. */
interface EventSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'close', listener: () => void): void;
}

/** What is used of the `ws` server. */
interface HandshakeErrors {
  on(event: 'wsClientError', listener: (error: Error, socket: Duplex) => void): void;
}

export async function registerEventStream(
  server: HttpServer,
  { events, maxListeners, maxBacklogBytes }: EventStreamOptions,
): Promise<void> {
  const listeners = new Set<EventSocket>();
  await server.register(fastifyWebsocket, {
    options: { maxPayload: MAX_INBOUND_BYTES, perMessageDeflate: false },
    errorHandler: (error, socket: EventSocket, request) => {
      // With a code, it is about what the client sent or how it left: not for the log.
      if (!('code' in error)) request.log.error({ err: error }, 'An event listener failed');
      socket.terminate();
    },
    preClose: (done) => {
      for (const socket of listeners) {
        socket.close(GOING_AWAY, 'The relay stops.');
        socket.terminate();
      }
      done();
    },
  });

  const handshakes = server.getDecorator<HandshakeErrors>('websocketServer');
  handshakes.on('wsClientError', (error, socket) => server.server.emit('clientError', error, socket));

  await server.register((scope, _options, done) => {
    const wsHandler = (socket: EventSocket): void => {
      if (listeners.size >= maxListeners) {
        socket.close(TRY_AGAIN_LATER, 'Too many listeners.');
        return;
      }
      listeners.add(socket);
      const stop = events.subscribe((event: RelayEvent) => {
        // Cut off rather than let the backlog of one that does not read grow.
        if (socket.bufferedAmount > maxBacklogBytes) socket.terminate();
        else socket.send(JSON.stringify(event));
      });
      socket.on('close', () => {
        stop();
        listeners.delete(socket);
      });
    };
    const handler = (): never => {
      throw new AppError('NOT_FOUND', 'There is nothing here but a WebSocket.');
    };
    scope.route({ method: 'GET', url: '/events', handler, wsHandler });
    done();
  });
}
