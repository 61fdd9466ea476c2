/** The kind of a file, for its icon only: nothing is trusted to it. */
import type { IconName } from '../components/icons.ts';

export type FileCategory = 'image' | 'video' | 'audio' | 'pdf' | 'text' | 'archive' | 'code' | 'other';

const BY_EXTENSION: Readonly<Record<string, FileCategory>> = Object.fromEntries(
  (
    [
      ['archive', 'zip tar gz tgz xz zst bz2 7z rar iso img dmg deb rpm'],
      [
        'code',
        'js mjs cjs ts tsx jsx svelte vue py rb rs go java kt c h cc cpp hpp cs php lua sql sh css html json xml yaml yml toml',
      ],
      ['text', 'txt md log csv tsv doc docx odt rtf tex epub xls xlsx ods ppt pptx odp'],
      ['image', 'png jpg jpeg gif webp avif bmp svg heic tif tiff'],
      ['video', 'mp4 m4v mov mkv webm avi'],
      ['audio', 'mp3 flac wav ogg opus m4a aac'],
      ['pdf', 'pdf'],
    ] as const
  ).flatMap(([category, extensions]) => extensions.split(' ').map((name) => [name, category])),
);

export const CATEGORY_ICONS: Readonly<Record<FileCategory, IconName>> = {
  image: 'image',
  video: 'film',
  audio: 'music',
  pdf: 'document',
  text: 'document',
  archive: 'archive',
  code: 'code',
  other: 'file',
};

export function fileCategory(file: { readonly name: string; readonly type: string }): FileCategory {
  const type = file.type.toLowerCase();
  if (type === 'application/pdf') return 'pdf';
  const [group] = type.split('/', 1);
  if (group === 'image' || group === 'video' || group === 'audio') return group;
  const extension = file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase();
  const known = Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
  return known ?? (group === 'text' ? 'text' : 'other');
}
