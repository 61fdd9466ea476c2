/** Which names a relay answers to, and whose pages may write: against DNS rebinding and cross-site requests. */
import { isIPv4, isIPv6 } from 'node:net';
import { AppError } from '../../shared/errors.ts';

const HOST = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9.-]{1,253}))(?::\d{1,5})?$/;

export interface GuardedRequest {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** A WebSocket handshake: a browser sends it across origins without asking. */
  readonly upgrade: boolean;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Dest`: browsers send them to secure addresses, and no page can forge them. */
  readonly fetchSite?: string | undefined;
  readonly fetchDest?: string | undefined;
}

/** Throws `FORBIDDEN`. `allowedHosts`: lowercase names besides IP literals, `localhost` and `*.local`. */
export function guardHost(request: GuardedRequest, allowedHosts: readonly string[]): void {
  if (!isAllowedHost(request.host, allowedHosts)) {
    throw new AppError(
      'FORBIDDEN',
      'This relay does not answer to that host name. Use its IP address, or start it with --allow-host NAME.',
    );
  }
  if (isEmbedding(request)) throw new AppError('FORBIDDEN', 'Pages of other origins may not use this relay.');
  const readOnly = (request.method === 'GET' || request.method === 'HEAD') && !request.upgrade;
  if (readOnly || request.origin === undefined) return;
  if (!isOwnOrigin(request.origin, request.host ?? '')) {
    throw new AppError('FORBIDDEN', 'Pages of other origins may not use this relay.');
  }
}

/** Another origin's page wants something for itself. A link that somebody follows makes a document of its own. */
function isEmbedding({ fetchSite, fetchDest }: GuardedRequest): boolean {
  return (fetchSite === 'cross-site' || fetchSite === 'same-site') && fetchDest !== 'document';
}

function isAllowedHost(host: string | undefined, allowedHosts: readonly string[]): boolean {
  const match = HOST.exec(host ?? '');
  if (match === null) return false;
  const [, ipv6, rawName] = match;
  if (ipv6 !== undefined) return isIPv6(ipv6);
  const name = (rawName ?? '').toLowerCase().replace(/\.$/, '');
  return isIPv4(name) || name === 'localhost' || name.endsWith('.local') || allowedHosts.includes(name);
}

function isOwnOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  // The URL parser drops a scheme's default port; parsing the Host header the same way makes them comparable.
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}
