/** A private swarm's door: everything but the app's shell wants a session, and a session wants the swarm key. */
import { fromHex, toHex } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import {
  MAX_SMALL_BODY_BYTES,
  SESSION_CHALLENGE_TTL_MS,
  SESSION_TICKET_TTL_MS,
  SESSION_TTL_MS,
} from '../../shared/limits.ts';
import { isSwarmProof, swarmProof } from '../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import { healthRoutes } from '../../shared/protocol/health-routes.ts';
import { operatorRoutes } from '../../shared/protocol/operator-routes.ts';
import { SESSION_HEADER, sessionContext, sessionRoutes } from '../../shared/protocol/swarm-session.ts';
import { isBearer } from './bearer.ts';
import { METRICS_PATH } from './metrics-route.ts';
import type { HttpServer } from './server.ts';
import { SessionTokens } from './session-tokens.ts';
import { TRUST_ROUTES } from './trust-page.ts';

/** Routes that tell nothing of the swarm: pages, the interface's description, and the way in. */
const OPEN_ROUTES: ReadonlySet<string> = new Set([
  '/*',
  '/openapi.json',
  sessionRoutes.sessionChallenge.path,
  TRUST_ROUTES.page,
  TRUST_ROUTES.certificate,
  TRUST_ROUTES.style,
  // Supervisors have no swarm key.
  healthRoutes.health.path,
  healthRoutes.readiness.path,
  // The operator's token opens these, and nothing else does.
  operatorRoutes.repair.path,
  operatorRoutes.unjoin.path,
]);
const EVENTS = '/events';

/** Turns requests without a session away. Call it before any route is registered. */
export function guardWithSessions(
  server: HttpServer,
  { now, operatorToken }: { readonly now: () => number; readonly operatorToken: string },
): SessionTokens {
  const tokens = new SessionTokens(now);
  server.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? '';
    const header = request.headers[SESSION_HEADER];
    const isOpen = OPEN_ROUTES.has(route);
    const hasSession = typeof header === 'string' && tokens.isValid('session', header);
    const hasTicket = route === EVENTS && tokens.isValid('ticket', ticketOf(request.url));
    // The operator's monitoring can read a file, and cannot prove a key.
    const isMonitored = route === METRICS_PATH && isBearer(request.headers.authorization, operatorToken);
    if (isOpen || hasSession || hasTicket || isMonitored) done();
    else done(new AppError('NO_SESSION', 'This swarm is private: open a session with the swarm key first.'));
  });
  return tokens;
}

/** A private swarm's key and what it has issued. */
export interface SessionIssuer {
  readonly key: SwarmKey;
  readonly tokens: SessionTokens;
}

/** `issuer` null: a public swarm, where there is nothing to prove. */
export function registerSessionRoutes(server: HttpServer, issuer: SessionIssuer | null): void {
  const { sessionChallenge, openSession, sessionTicket } = sessionRoutes;
  const ofPrivateSwarm = (): SessionIssuer => {
    if (issuer === null) throw new AppError('NOT_FOUND', 'This swarm is public: it has no sessions.');
    return issuer;
  };

  server.get(
    sessionChallenge.path,
    { schema: { response: { 200: sessionChallenge.response } } },
    (_request, reply) => {
      const { tokens } = ofPrivateSwarm();
      reply.header('cache-control', 'no-store');
      return { challenge: tokens.issue('challenge', SESSION_CHALLENGE_TTL_MS) };
    },
  );

  server.post(
    openSession.path,
    {
      bodyLimit: MAX_SMALL_BODY_BYTES,
      schema: { body: openSession.body, response: { 200: openSession.response } },
    },
    ({ body: { challenge, nonce, proof } }, reply) => {
      const { key, tokens } = ofPrivateSwarm();
      reply.header('cache-control', 'no-store');
      const context = sessionContext(challenge, nonce);
      const isMember =
        tokens.isValid('challenge', challenge) && isSwarmProof(key.client, 'client', context, fromHex(proof));
      if (!isMember) throw new AppError('FORBIDDEN', 'That is not this swarm’s key.');
      return {
        token: tokens.issue('session', SESSION_TTL_MS),
        expires_in_seconds: SESSION_TTL_MS / 1000,
        proof: toHex(swarmProof(key.client, 'relay', context)),
      };
    },
  );

  server.post(
    sessionTicket.path,
    { schema: { response: { 200: sessionTicket.response } } },
    (_request, reply) => {
      const { tokens } = ofPrivateSwarm();
      reply.header('cache-control', 'no-store');
      return { ticket: tokens.issue('ticket', SESSION_TICKET_TTL_MS) };
    },
  );
}

function ticketOf(url: string): string {
  return new URL(url, 'http://relay').searchParams.get('ticket') ?? '';
}
