/** `Content-Disposition` (RFC 6266) with the name as RFC 8187 encodes it, and an ASCII fallback. */

/** RFC 8187 `attr-char`s stay; everything else is percent-encoded UTF-8. */
function encodeExtValue(text: string): string {
  // encodeURIComponent keeps `!'()*`, of which only `!` is an attr-char.
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The last part of a relative path: a saved file gets no folder from a stranger's manifest. */
export function baseName(path: string): string {
  const name = path.split(/[/\\]/).pop() ?? '';
  // Controls, direction overrides and lone surrogates serve only to disguise a name, or break its encoding.
  const plain = name.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').trim();
  return plain === '' || plain === '.' || plain === '..' ? 'file' : plain;
}

/** `attachment` or `inline`, with the base name of `path`. */
export function contentDisposition(kind: 'attachment' | 'inline', path: string): string {
  const name = baseName(path);
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_');
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encodeExtValue(name)}`;
}
