/**
 * `/trust`: how a phone or another computer gets the whole app from this relay, where browsers ask for HTTPS. Public, also in a
 * private swarm: it tells nothing but the certificate that every TLS handshake tells.
 */
import encodeQr from 'qr';
import { TRUST_PATH } from '../../shared/protocol/trust.ts';
import { isLoopbackAddress } from '../services/address-group.ts';
import { isPermitted } from '../tls/permitted.ts';
import type { HttpServer } from './server.ts';

export const TRUST_ROUTES = {
  page: TRUST_PATH,
  certificate: `${TRUST_PATH}/lanvault-authority.crt`,
  style: `${TRUST_PATH}/style.css`,
} as const;

export interface TrustPageOptions {
  /** Null: HTTPS is off. */
  readonly httpsPort: () => number | null;
  /** Null: none, or the operator's own certificate, which devices trust already. */
  readonly authority: { readonly der: Uint8Array; readonly fingerprint: string } | null;
  /** An address of this machine that other machines can reach; null where there is none. */
  readonly lanAddress: () => string | null;
  /** Names that clients use for this relay besides. */
  readonly allowedHosts: readonly string[];
}

/** ISO/IEC 18004 §6.3.8. */
const QUIET_ZONE_MODULES = 4;

export function registerTrustPage(
  server: HttpServer,
  { httpsPort, authority, lanAddress, allowedHosts }: TrustPageOptions,
): void {
  server.get(TRUST_ROUTES.page, (request, reply) => {
    reply.header('cache-control', 'no-store').type('text/html; charset=utf-8');
    const secure = httpsPort();
    if (secure === null) return reply.send(page(HTTPS_OFF));
    const asked = hostOf(request.headers.host ?? '');
    // An authority of one's own cannot vouch for just any name, and the operator's certificate is seldom for an address.
    const preferred = authority === null ? (allowedHosts[0] ?? null) : null;
    const unfit = isLoopback(asked.name) || (authority !== null && !isPermitted(unbracketed(asked.name)));
    const name = preferred ?? (unfit ? bracketed(lanAddress()) : null) ?? asked.name;
    const isSecure = request.socket.localPort === secure;
    const here = isSecure ? null : `http://${name}${asked.port}${TRUST_ROUTES.page}`;
    const way = isLoopback(name) ? HERE_ONLY : here === null ? '' : scan(here);
    return reply.send(page(instructions(`https://${name}:${secure}/`, way, authority)));
  });
  server.get(TRUST_ROUTES.style, (_request, reply) =>
    reply.header('cache-control', 'no-cache').type('text/css; charset=utf-8').send(STYLE),
  );
  if (authority === null) return;
  server.get(TRUST_ROUTES.certificate, (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type('application/x-x509-ca-cert')
      .send(Buffer.from(authority.der)),
  );
}

/** Of a Host header that the guard has let through. */
function hostOf(host: string): { readonly name: string; readonly port: string } {
  const port = /:\d+$/.exec(host)?.[0] ?? '';
  return { name: host.slice(0, host.length - port.length).toLowerCase(), port };
}

function bracketed(address: string | null): string | null {
  return address?.includes(':') === true ? `[${address}]` : address;
}

function unbracketed(name: string): string {
  return name.replace(/^\[|\]$/g, '');
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || isLoopbackAddress(unbracketed(name));
}

function instructions(app: string, way: string, authority: { readonly fingerprint: string } | null): string {
  const open = `<p><a class="button" href="${app}">Open ${app}</a></p>`;
  if (authority === null) return `<h1>The secure address</h1>${open}`;
  return `<h1>The whole app, on this device too</h1>
<p>Browsers let an app play files, keep your list and be installed only at a secure address. Yours has one; this device has to be told once
that it may trust it.</p>
${way}
<h2>1. Get the certificate</h2>
<p><a class="button" href="${TRUST_ROUTES.certificate}">Download the certificate</a></p>
<p>Its SHA-256 fingerprint, to compare with what the relay printed when it started:</p>
<p class="fingerprint"><code>${authority.fingerprint}</code></p>
<h2>2. Trust it</h2>
<details><summary>iPhone, iPad</summary><ol><li>Open this page in Safari, download, and choose Allow.</li><li>Settings › General ›
VPN &amp; Device Management: install the profile.</li><li>Settings › General › About › Certificate Trust Settings: switch it on.</li></ol></details>
<details><summary>Android</summary><ol><li>Settings › Security › More security settings › Encryption &amp; credentials › Install a certificate › CA
certificate.</li><li>Choose the downloaded file. (Chrome uses it; Firefox asks for Settings › About, tap the logo five times › Secret settings › Use third
party CA certificates.)</li></ol></details>
<details><summary>Windows</summary><ol><li>Open the file › Install Certificate › Current User.</li><li>Place it in “Trusted Root Certification
Authorities”.</li></ol></details>
<details><summary>Mac</summary><ol><li>Open the file; Keychain Access adds it to your login keychain.</li><li>Double-click it there › Trust › Always
Trust.</li></ol></details>
<details><summary>Linux, and Firefox anywhere</summary><ol><li>Chrome, Chromium: Settings › Privacy and security › Security › Manage certificates ›
Authorities › Import.</li><li>Firefox: Settings › Privacy &amp; Security › View Certificates › Authorities › Import, “to identify websites”.</li></ol></details>
<h2>3. Use the secure address</h2>
${open}
<p class="note">What you trust is an authority that lives on this relay only. It can vouch for private addresses and local names, such as
192.168.… and name.local, and for nothing on the internet. Take it out of the same list to undo this.</p>`;
}

/** How a phone comes to this page. */
function scan(url: string): string {
  return `<figure>${qr(url)}<figcaption>This page, for a phone: ${url}</figcaption></figure>`;
}

const HERE_ONLY = `<p>This computer needs no certificate: <code>http://localhost</code> is secure. For other devices the relay has to be started with <code>--host
0.0.0.0</code>, and this computer needs a private address, such as 192.168.1.20. One of the two is missing.</p>`;

const HTTPS_OFF = `<h1>HTTPS is off</h1>
<p>This relay answers over HTTP only. Start it with <code>--tls</code> to give phones and other computers the whole app, then open this page again.</p>`;

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Lanvault: the secure address</title>
<link rel="stylesheet" href="${TRUST_ROUTES.style}">
<main>
${body}
<p><a href="/">Back to Lanvault</a></p>
</main>
</html>
`;
}

function qr(text: string): string {
  const rows = encodeQr(text, 'raw', { ecc: 'medium', border: QUIET_ZONE_MODULES });
  const dark = rows
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  return `<svg role="img" aria-label="QR code of this page" viewBox="0 0 ${rows.length} ${rows.length}" width="176" height="176" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path fill="#000" d="${dark}"/></svg>`;
}

/** In the app's colours. */
const STYLE = `:root{color-scheme:light dark;font:1rem/1.55 system-ui,sans-serif}
body{margin:0;background:light-dark(#f4f6f2,#0c1211);color:light-dark(#14201c,#e7efec)}
main{max-width:38rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.1rem;margin-top:2rem}
a{color:light-dark(#0b6b58,#4fd0ae)}
.button{display:inline-block;padding:.6rem 1rem;border-radius:.6rem;background:light-dark(#0b6b58,#4fd0ae);color:light-dark(#fff,#052019);text-decoration:none;font-weight:600;overflow-wrap:anywhere}
details{margin:.5rem 0;padding:.6rem .9rem;border:1px solid light-dark(#dde3db,#263330);border-radius:.6rem}
summary{cursor:pointer;font-weight:600}
figure{margin:1.5rem 0;text-align:center}figcaption,.note{font-size:.9rem;overflow-wrap:anywhere}
code{font-size:.9em;overflow-wrap:anywhere}
a:focus-visible,summary:focus-visible{outline:3px solid currentColor;outline-offset:2px}
`;
