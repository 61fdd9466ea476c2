/** Headers of every answer. The page may talk to its own origin only and run no inline script. */

const CSP = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  // Previews come from the service worker (/stream/…) or a blob, sandboxed.
  "frame-src 'self' blob:",
  "frame-ancestors 'none'",
  "form-action 'none'",
  "object-src 'none'",
  "base-uri 'none'",
];

/** Swagger UI sets styles by script. */
const DOCS_CSP = CSP.map((line) => (line.startsWith('style-src') ? `${line} 'unsafe-inline'` : line));

const COMMON = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  ...COMMON,
  'content-security-policy': CSP.join('; '),
});

export const DOCS_SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  ...COMMON,
  'content-security-policy': DOCS_CSP.join('; '),
});
