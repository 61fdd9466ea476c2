/** Where things lie in a relay's storage folder. */
import path from 'node:path';
import type { ChunkId } from '../../shared/ids.ts';

export interface StorageLayout {
  readonly root: string;
  /** `chunks/<id[0:2]>/<id[2:4]>/<id>` */
  readonly chunks: string;
  /** Files being written; whatever is left here at a start is garbage. */
  readonly temp: string;
  /** Files that did not hold the chunk that their name promises; kept for the operator, never served. */
  readonly rotten: string;
  readonly index: string;
  readonly identity: string;
  readonly lock: string;
  /** See operator-files.ts, as for the next. */
  readonly operatorToken: string;
  readonly operatorUrl: string;
}

export function storageLayout(root: string): StorageLayout {
  return {
    root,
    chunks: path.join(root, 'chunks'),
    temp: path.join(root, 'tmp'),
    rotten: path.join(root, 'rotten'),
    index: path.join(root, 'dht_index.sqlite'),
    identity: path.join(root, 'identity.key'),
    lock: path.join(root, 'relay.lock'),
    operatorToken: path.join(root, 'operator.token'),
    operatorUrl: path.join(root, 'operator.url'),
  };
}

/** The folder and file of a chunk. Only a parsed id gets here, so the path cannot leave the storage folder. */
export function chunkPath(layout: StorageLayout, id: ChunkId): { folder: string; file: string } {
  const folder = path.join(layout.chunks, id.slice(0, 2), id.slice(2, 4));
  return { folder, file: path.join(folder, id) };
}
