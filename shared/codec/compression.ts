/** What a chunk's bytes may be compressed with, and what a user may choose. */

/** Recorded per chunk in the manifest. */
export const COMPRESSIONS = ['xz', 'zlib', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Chosen per upload: xz extreme, zlib, or nothing. A block that would not shrink is stored as it is in any mode. */
export const COMPRESSION_MODES = ['smallest', 'fast', 'none'] as const;
export type CompressionMode = (typeof COMPRESSION_MODES)[number];
