/** Hands a small blob to the browser as a download. */
let lastUrl: string | null = null;

export function saveBlob(blob: Blob, filename: string): void {
  // The browser resolves the URL when the link is followed; the one before is certainly done with.
  if (lastUrl !== null) URL.revokeObjectURL(lastUrl);
  lastUrl = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = lastUrl;
  link.download = filename;
  link.click();
}
