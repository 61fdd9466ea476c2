/**
 * Files come from anyone, and the service worker serves them from the app's own origin. Only types that no browser
 * runs script from keep their name; the rest becomes text or a download.
 */

/** Shown by the browser itself, none of which can reach the page's origin. PDF runs in the browser's viewer. */
const PASSIVE =
  /^(?:audio|video)\/[a-z0-9][a-z0-9.+-]*$|^image\/(?!svg)[a-z0-9][a-z0-9.-]*$|^application\/pdf$/;
/** Markup, code and data: harmless as plain text, and readable. */
const TEXT =
  /^text\/|^image\/svg|[/+](?:xml|json)$|^application\/(?:javascript|ecmascript|x-javascript|typescript|x-sh|sql|toml|yaml|x-yaml)$/;

const OPAQUE = 'application/octet-stream';

/** The `Content-Type` under which a file that claims to be `type` is served. Parameters are dropped. */
export function safeContentType(type: string): string {
  const essence = (type.split(';')[0] ?? '').trim().toLowerCase();
  if (TEXT.test(essence)) return 'text/plain; charset=utf-8';
  return PASSIVE.test(essence) ? essence : OPAQUE;
}

/**
 * Headers that keep a served file from acting as a part of the app, whatever it holds.
 * PDF goes without `sandbox`: browsers do not start their viewer inside one.
 */
export function isolationHeaders(contentType: string): Record<string, string> {
  const policy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'";
  return {
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'content-security-policy':
      contentType === 'application/pdf'
        ? "frame-ancestors 'self'"
        : `sandbox; ${policy}; frame-ancestors 'self'`,
  };
}
