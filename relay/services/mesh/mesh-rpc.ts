/** What mesh neighbours say to each other. A graft may be repeated: it also tells that the neighbourhood still stands. */
import Type from 'typebox';
import { MESH_MAX_NEIGHBOURS } from '../../../shared/limits.ts';
import { Id } from '../../../shared/protocol/schemas.ts';
import { RelayReport } from '../../../shared/protocol/topology.ts';
import { rpcMethod } from '../rpc.ts';

export const GRAFT = rpcMethod(
  'mesh.graft',
  /** Whether the asker has too few neighbours. */
  Type.Object({ needy: Type.Boolean() }),
  Type.Object({ accepted: Type.Boolean() }),
);

export const PRUNE = rpcMethod('mesh.prune', Type.Object({}), Type.Object({}));

/** Above the maximum for a moment, while a neighbour gives way. */
export const NEIGHBOURS = rpcMethod(
  'mesh.neighbours',
  Type.Object({}),
  Type.Object({
    neighbours: Type.Array(Id, { maxItems: MESH_MAX_NEIGHBOURS + 1 }),
    report: Type.Optional(RelayReport),
  }),
);
