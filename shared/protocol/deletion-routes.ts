/** Deletion over HTTP: the owner's tokens go to any relay, which applies them, hands them on, and says who has confirmed. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { MAX_CONFIRMING_RELAYS, MAX_DELETE_BATCH } from '../limits.ts';
import { Hex, Id } from './schemas.ts';

export const DELETE_HEADER = {
  /** The chunk's delete token, lowercase hex. */
  token: 'x-delete-token',
  /** SHA-256 of the chunk's body, lowercase hex; without it, the relay looks for it at the chunk's likely holders. */
  bodyHash: 'x-body-hash',
} as const;

const DeleteHeaders = Type.Object({
  [DELETE_HEADER.token]: Hex(32),
  [DELETE_HEADER.bodyHash]: Type.Optional(Hex(32)),
});

const DeleteRequest = Type.Object({
  id: Id,
  token: Hex(32),
  body_hash: Type.Optional(Hex(32)),
});

export const DeleteBatch = Type.Object({
  chunks: Type.Array(DeleteRequest, { minItems: 1, maxItems: MAX_DELETE_BATCH }),
});
export type DeleteBatch = Static<typeof DeleteBatch>;

const Relays = Type.Array(Id, { maxItems: MAX_CONFIRMING_RELAYS });

/**
 * `deleted`: the token is the chunk's, and the swarm is being told. `forbidden`: it is not. `unknown`: no body hash was sent, and
 * none of the relays asked knows the chunk. `failed`: no relay, this one included, could take the deletion: try again.
 */
export const DeleteStatus = Type.Union([
  Type.Literal('deleted'),
  Type.Literal('forbidden'),
  Type.Literal('unknown'),
  Type.Literal('failed'),
]);
export type DeleteStatus = Static<typeof DeleteStatus>;

export const DeleteResult = Type.Object({
  id: Id,
  status: DeleteStatus,
  /** Relays that do not hold the chunk any more (or never did), and will refuse it. */
  confirmed: Relays,
  /** Live relays that were asked to delete and have not confirmed yet. */
  pending: Relays,
});
export type DeleteResult = Static<typeof DeleteResult>;

/** In the order of the request; a chunk that was named twice is answered twice. */
export const DeleteBatchAnswer = Type.Object({
  chunks: Type.Array(DeleteResult, { maxItems: MAX_DELETE_BATCH }),
});
export type DeleteBatchAnswer = Static<typeof DeleteBatchAnswer>;

export const deletionRoutes = {
  deleteChunk: {
    method: 'DELETE',
    path: '/chunk/:id',
    params: Type.Object({ id: Id }),
    headers: DeleteHeaders,
    response: DeleteResult,
    summary: 'Delete a chunk from the whole swarm, with the delete token of its owner',
  },
  deleteBatch: {
    method: 'POST',
    path: '/chunks/delete_batch',
    body: DeleteBatch,
    response: DeleteBatchAnswer,
    summary: 'Delete many chunks from the whole swarm, each with its delete token',
  },
} as const;
