/**
 * How a file may be shown. Its type and name come from others, so this is an allow-list of what is inert in each
 * element: nothing is ever opened as a document but PDF, and markup (HTML, SVG, XML) is shown as plain text only.
 */
import type { StoredFile } from './engine-types.ts';

export type PreviewKind = 'image' | 'video' | 'audio' | 'pdf' | 'text';

const IMAGES = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
]);

const TEXT_TYPES = new Set([
  'application/json',
  'application/ld+json',
  'application/javascript',
  'application/xml',
  'application/yaml',
  'application/x-yaml',
  'application/toml',
  'application/sql',
  'application/x-sh',
  'image/svg+xml',
]);

const TEXT_EXTENSIONS = new Set(
  (
    'txt md markdown log csv tsv json jsonl ndjson yaml yml toml ini conf cfg env xml svg html htm css scss ' +
    'js mjs cjs jsx ts tsx svelte vue py rb rs go java kt c h cc cpp hpp cs php pl lua r sql sh bash zsh fish ' +
    'tex bib diff patch srt vtt manifest gitignore dockerfile makefile'
  ).split(' '),
);

/** Null: only a download will do. */
export function previewKind(file: Pick<StoredFile, 'name' | 'type'>): PreviewKind | null {
  const type = (file.type.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (IMAGES.has(type)) return 'image';
  if (type === 'application/pdf') return 'pdf';
  if (type.startsWith('video/') && type !== 'video/mp2t') return 'video';
  if (type.startsWith('audio/')) return 'audio';
  if (type.startsWith('text/') || TEXT_TYPES.has(type)) return 'text';
  const untyped = type === '' || type === 'application/octet-stream' || type === 'video/mp2t';
  return untyped && TEXT_EXTENSIONS.has(extension(file.name)) ? 'text' : null;
}

/** Lowercase, without the dot; a bare name such as `Makefile` counts as its own extension. */
function extension(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return base.slice(base.lastIndexOf('.') + 1).toLowerCase();
}
