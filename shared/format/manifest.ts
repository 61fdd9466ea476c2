/**
 * Manifests, `NAME.manifest`: what is needed to rebuild one file (DESIGN §3). This is the module that others import; the
 * parts lie beside it.
 */
export { ChunkTable } from './chunk-table.ts';
export { toFilename } from './filename.ts';
export { parseManifest } from './manifest-parse.ts';
export type { PackedManifest, ParsedManifest } from './manifest-parse.ts';
export { computeManifestId, serializeManifest } from './manifest-serialize.ts';
