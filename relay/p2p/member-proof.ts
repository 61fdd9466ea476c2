/**
 * The link channel `lanvault/member/1` of a private swarm, before any other: both ends prove the swarm key over the
 * handshake hash, which no two connections share. Each opens the channel with its proof and says WELCOME (empty) when the
 * other's verifies; what has sent and got a WELCOME may go on.
 */
import type Protomux from 'protomux';
import Type from 'typebox';
import { fromHex, toHex } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { Hex } from '../../shared/protocol/schemas.ts';
import { isSwarmProof, swarmProof } from '../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import { jsonEncoding, rawEncoding } from './json-encoding.ts';

export const MEMBER_PROTOCOL = 'lanvault/member/1';
const MemberProof = Type.Object({ proof: Hex(32) });
const NO_BYTES = new Uint8Array();

export interface MemberProofOptions {
  readonly mux: Protomux;
  readonly key: SwarmKey;
  readonly handshakeHash: Uint8Array;
  readonly isInitiator: boolean;
  /** Both ends are members. Called at the moment when the peer may open its next channel. */
  readonly onMember: () => void;
  /** FORBIDDEN, once: the link must end. */
  readonly onStranger: (error: AppError) => void;
}

export function proveMembership(options: MemberProofOptions): void {
  const { mux, key, handshakeHash, isInitiator, onMember, onStranger } = options;
  const [own, theirs] = isInitiator
    ? (['initiator', 'responder'] as const)
    : (['responder', 'initiator'] as const);
  let isVerified = false;
  let isWelcome = false;
  const turnAway = (): void =>
    onStranger(new AppError('FORBIDDEN', 'The relay is not of this private swarm.'));
  const goOn = (): void => {
    if (isVerified && isWelcome) onMember();
  };
  const verify = ({ proof }: { proof: string }): void => {
    if (!isSwarmProof(key.link, theirs, handshakeHash, fromHex(proof))) {
      turnAway();
      return;
    }
    isVerified = true;
    welcome.send(NO_BYTES);
    goOn();
  };
  const channel = mux.createChannel({
    protocol: MEMBER_PROTOCOL,
    handshake: jsonEncoding(MemberProof, 'A proof of membership'),
    onopen: verify,
    onclose: () => {
      if (!isVerified || !isWelcome) turnAway();
    },
  });
  // Null when the stream was destroyed meanwhile; its `close` says so.
  if (channel === null) return;
  const welcome = channel.addMessage({
    encoding: rawEncoding,
    onmessage: () => {
      if (isWelcome) return;
      isWelcome = true;
      goOn();
    },
  });
  // At once: a channel that the peer opens first would be refused.
  channel.open({ proof: toHex(swarmProof(key.link, own, handshakeHash)) });
}
