/** Makes a link of a TCP socket: Noise handshake, identity check, hello. */
import type { Socket } from 'node:net';
import Protomux from 'protomux';
import type NoiseSecretStream from '@hyperswarm/secret-stream';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { LINK_HANDSHAKE_TIMEOUT_MS } from '../../shared/limits.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import type { PeerAddress } from '../services/membership.ts';
import { normalizeHost } from './addresses.ts';
import { withDeadline } from '../services/deadline.ts';
import { HELLO_PROTOCOL, LinkHello } from './hello.ts';
import { jsonEncoding, rawEncoding } from './json-encoding.ts';
import { Link } from './link.ts';
import type { LinkOptions, PingChannel } from './link.ts';
import { proveMembership } from './member-proof.ts';
import { SecureStream, relayIdOf } from './secure-stream.ts';

export interface LinkContext extends Pick<
  LinkOptions,
  'chunks' | 'router' | 'budget' | 'log' | 'clock' | 'onPeers'
> {
  readonly selfId: RelayId;
  readonly keyPair: NoiseSecretStream.KeyPair;
  /** Of a private swarm; null: a public one. */
  readonly swarmKey: SwarmKey | null;
  /** What this relay says of itself now. */
  readonly hello: () => LinkHello;
}

export interface OpenLinkOptions {
  readonly socket: Socket;
  /** Where it was dialled; absent when the peer dialled us. */
  readonly dialled?: PeerAddress;
  /** Who must answer. */
  readonly expectedId?: RelayId;
}

const helloEncoding = jsonEncoding(LinkHello, 'A relay’s hello');
const NO_BYTES = new Uint8Array();

/**
 * Owns `socket` from now on. Throws FORBIDDEN when another relay than `expectedId` (or this relay itself) answers,
 * TIMEOUT, UNAVAILABLE, or BAD_INPUT for a hello that does not validate.
 */
export async function openLink(
  context: LinkContext,
  { socket, dialled, expectedId }: OpenLinkOptions,
  signal: AbortSignal,
): Promise<Link> {
  // Set when the handshake is done; bytes before that are no sign of life.
  let link: Link | undefined;
  const isInitiator = dialled !== undefined;
  const stream = new SecureStream(isInitiator, socket, context.keyPair, () => {
    if (link !== undefined) link.lastHeardAt = context.clock.now();
  });
  const opened = Promise.withResolvers<Link>();
  // Nobody waits for it when the signal has fired already; an unhandled rejection would end the process.
  opened.promise.catch(() => undefined);
  stream.on('error', (cause: Error) => opened.reject(AppError.from(cause, 'UNAVAILABLE')));
  stream.once('close', () => opened.reject(new AppError('UNAVAILABLE', 'The relay closed the connection.')));
  stream.once('connect', () => {
    const id = relayIdOf(stream.remotePublicKey ?? NO_BYTES);
    if (id === context.selfId || (expectedId !== undefined && id !== expectedId)) {
      stream.destroy(new AppError('FORBIDDEN', 'Another relay answers at this address.'));
      return;
    }
    const mux = new Protomux(stream);
    const sayHello = (): void => {
      const channel = mux.createChannel<LinkHello>({
        protocol: HELLO_PROTOCOL,
        handshake: helloEncoding,
        onopen: (hello) => {
          // A name that was dialled means nothing to others, and beacons come from addresses.
          const host = normalizeHost(socket.remoteAddress ?? dialled?.host ?? '');
          const address = { host, link: dialled?.link ?? hello.link };
          link = new Link({ ...context, stream, mux, id, isInitiator, address, hello, pings });
          opened.resolve(link);
        },
      });
      // Null when the stream was destroyed meanwhile; its `close` says so to the caller.
      if (channel === null) return;
      const pings = addPings(channel);
      channel.open(context.hello());
    };
    if (context.swarmKey === null) sayHello();
    else
      proveMembership({
        mux,
        key: context.swarmKey,
        handshakeHash: stream.handshakeHash ?? NO_BYTES,
        isInitiator,
        onMember: sayHello,
        onStranger: (error) => stream.destroy(error),
      });
  });
  try {
    return await withDeadline(
      context.clock,
      LINK_HANDSHAKE_TIMEOUT_MS,
      'A link’s handshake',
      signal,
      () => opened.promise,
    );
  } catch (cause) {
    stream.destroy();
    throw cause;
  }
}

function addPings(channel: Protomux.Channel<LinkHello>): PingChannel {
  const ping = channel.addMessage({
    encoding: rawEncoding,
    onmessage: () => {
      pings.onPing();
      if (channel.drained) pong.send(NO_BYTES);
    },
  });
  const pong = channel.addMessage({ encoding: rawEncoding, onmessage: () => pings.onPong() });
  const pings: PingChannel = {
    ping: () => ping.send(NO_BYTES),
    onPing: () => undefined,
    onPong: () => undefined,
  };
  return pings;
}
