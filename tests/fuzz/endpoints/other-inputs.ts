/** What arrives at a relay besides whole HTTP requests: frames of WebSockets, links, datagrams, and garbage for each. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import { concatBytes, utf8 } from '../../../shared/bytes.ts';
import type { Bytes } from '../../../shared/bytes.ts';
import { createSigner } from '../../../shared/crypto/sign.ts';
import { Datagram } from '../../../shared/protocol/datagrams.ts';
import { HELLO_PROTOCOL, LinkHello } from '../../../relay/p2p/hello.ts';
import { PEERS_PROTOCOL, PeerList } from '../../../relay/p2p/peer-list.ts';
import { RPC_PROTOCOL } from '../../../relay/p2p/rpc-channel.ts';
import { RpcRequest } from '../../../relay/p2p/rpc-messages.ts';
import { mutatedBytes } from '../mutate-bytes.ts';
import { mutatedJson } from '../mutate-json.ts';
import type { JsonSample } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import { samplesOf } from '../targets/protocol-targets.ts';

/** Only bounds a failure. */
const PATIENCE_MS = 60_000;
const CHUNK_PROTOCOL = 'lanvault/chunk/1';
const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const OPCODES = [0, 1, 2, 8, 9, 10, 3, 11, 15];
const LENGTHS = [0, 1, 125, 126, 65535, 65536, 2 ** 31, 2 ** 53];

/** A listener's handshake, whole or damaged, and frames after it. */
export function webSocketBytes(random: Random): Bytes {
  const lines = [
    ...['GET /events HTTP/1.1', 'Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: websocket'],
    ...[`Sec-WebSocket-Key: ${WEBSOCKET_KEY}`, 'Sec-WebSocket-Version: 13', '', ''],
  ];
  const handshake = utf8(lines.join('\r\n'));
  const frames = Array.from({ length: random.below(6) }, () => webSocketFrame(random));
  const hello = random.chance(0.85) ? handshake : mutatedBytes(random, [handshake]);
  const rest = concatBytes(...frames);
  return concatBytes(hello, random.chance(0.7) ? rest : mutatedBytes(random, [rest]));
}

/** RFC 6455 §5.2; most of its fields are right most of the time. */
function webSocketFrame(random: Random): Bytes {
  const payload = random.bytes(random.chance(0.9) ? random.skewed(126) : random.skewed(3000));
  const isMasked = random.chance(0.95);
  const flags = random.chance(0.9) ? 0x80 : random.below(16) << 4;
  const length = random.chance(0.95) ? payload.length : random.pick(LENGTHS);
  const mask = isMasked ? 0x80 : 0;
  const head = [flags | (random.chance(0.9) ? random.pick([1, 2, 9, 10]) : random.pick(OPCODES))];
  if (length < 126) head.push(mask | length);
  else if (length < 65536) head.push(mask | 126, length >> 8, length & 255);
  else head.push(mask | 127, ...new Uint8Array(new BigUint64Array([BigInt(length)]).buffer).reverse());
  return concatBytes(Uint8Array.from(head), isMasked ? random.bytes(4) : new Uint8Array(), payload);
}

/** The first message of a handshake (3 bytes of length, Noise XX's `e`), and then anything. */
export function linkBytes(random: Random): Bytes {
  const first = concatBytes(Uint8Array.of(32, 0, 0), random.bytes(32));
  return mutatedBytes(random, [first, concatBytes(first, first), Uint8Array.of(255, 255, 255)]);
}

/** Nobody answers under the port that it names, so that no other relay of this machine is troubled. */
export function datagramBytes(random: Random): Bytes {
  const samples = samplesOf(Datagram).map((sample) => withPorts(sample));
  const bytes = utf8(mutatedJson(random, samples));
  return random.chance(0.2) ? mutatedBytes(random, [bytes]) : bytes;
}

function withPorts(sample: JsonSample): JsonSample {
  const fields = Object.entries(sample as Record<string, unknown>);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, ['port', 'link', 'reply'].includes(name) ? 1 : value]),
  );
}

/** One who has the right to be heard, as anybody in a public swarm has, and says anything. Resolves when the link has ended. */
export async function hostileLink(linkPort: number, random: Random): Promise<void> {
  const socket = connect(linkPort, '127.0.0.1');
  const ended = endOf(socket);
  socket.on('error', () => socket.destroy());
  const seed = random.bytes(32);
  const { publicKey } = await createSigner(seed);
  const stream = new NoiseSecretStream(true, socket, {
    keyPair: { publicKey, secretKey: concatBytes(seed, publicKey) },
  });
  stream.on('error', () => socket.destroy());
  stream.once('connect', () => {
    for (const message of linkMessages(random)) if (!stream.destroyed) stream.write(message);
    stream.end();
  });
  await ended;
  stream.destroy();
}

function endOf(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The link did not end.')), PATIENCE_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function linkMessages(random: Random): Bytes[] {
  const hello = JSON.stringify({ ...sampleObject(LinkHello), port: 1, link: 1, capacity: 0 });
  const opens = [
    opening(1, HELLO_PROTOCOL, utf8(random.chance(0.8) ? hello : mutatedJson(random, samplesOf(LinkHello)))),
    ...[CHUNK_PROTOCOL, RPC_PROTOCOL, PEERS_PROTOCOL].map((name, i) =>
      opening(i + 2, name, new Uint8Array()),
    ),
  ];
  const messages = Array.from({ length: random.below(20) }, () => linkMessage(random));
  return [...opens, ...messages].flatMap((message) => {
    if (random.chance(0.03)) return [];
    return [random.chance(0.95) ? message : mutatedBytes(random, [message]).slice(0, 60_000)];
  });
}

function linkMessage(random: Random): Bytes {
  switch (random.below(4)) {
    case 0:
      return concatBytes(Uint8Array.of(2, random.below(9)), random.bytes(random.skewed(200)));
    case 1:
      return concatBytes(
        Uint8Array.of(4, 0),
        utf8(mutatedJson(random, samplesOf(PeerList)).slice(0, 60_000)),
      );
    case 2:
      return concatBytes(
        Uint8Array.of(3, random.below(5)),
        utf8(mutatedJson(random, samplesOf(RpcRequest)).slice(0, 60_000)),
      );
    default:
      return concatBytes(Uint8Array.of(random.below(18), random.below(70)), random.bytes(random.skewed(200)));
  }
}

/** Protomux's message for a channel: control session, open, local id, protocol, empty id, handshake. */
function opening(id: number, protocol: string, handshake: Uint8Array): Bytes {
  return concatBytes(Uint8Array.of(0, 1, id, protocol.length), utf8(protocol), Uint8Array.of(0), handshake);
}

function sampleObject(schema: typeof LinkHello): object {
  return samplesOf(schema)[0] as object;
}
