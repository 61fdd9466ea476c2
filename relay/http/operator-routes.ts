/** `/repair`, `/unjoin` and `POST /peers`, for whoever can read the relay's storage folder; `POST /chunks/audit`, for everybody. */
import { AppError } from '../../shared/errors.ts';
import { parseChunkId } from '../../shared/ids.ts';
import { MAX_CONCURRENT_ADDS, MAX_SMALL_BODY_BYTES, OPERATOR_WAIT_MS } from '../../shared/limits.ts';
import { operatorRoutes } from '../../shared/protocol/operator-routes.ts';
import type { AddedRelay, RepairAnswer } from '../../shared/protocol/operator-routes.ts';
import type { Auditor } from '../services/care/audit.ts';
import type { Caretaker } from '../services/care/caretaker.ts';
import type { Trust } from '../services/care/trust.ts';
import type { Departure } from '../services/departure/departure.ts';
import { Gate } from '../services/gate.ts';
import { clientGone } from './client.ts';
import { isBearer } from './bearer.ts';
import { withJsonBodies } from './json-body.ts';
import type { HttpServer } from './server.ts';

/** What of the relay's care for its data is reached over HTTP. */
export interface OperatedCare {
  readonly auditor: Pick<Auditor, 'answer'>;
  readonly caretaker: Pick<Caretaker, 'forced' | 'repairNow'>;
  readonly departure: Pick<Departure, 'begin' | 'status'>;
  readonly trust: Pick<Trust, 'distrusted'>;
}

export interface OperatorParts {
  readonly care: OperatedCare;
  readonly joins: {
    /** See `Joins.add`. */
    add(address: string, signal: AbortSignal): Promise<AddedRelay>;
  };
  readonly operatorToken: string;
  /** Resolves after so many ms; rejects when the signal fires. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

export async function registerOperatorRoutes(
  server: HttpServer,
  { care: { auditor, caretaker, departure }, joins, operatorToken, sleep }: OperatorParts,
): Promise<void> {
  const repairAnswer = (): RepairAnswer => caretaker.forced ?? { running: false, report: null };

  await server.register((scope: HttpServer, _options, registered) => {
    onlyForOperator(scope, operatorToken);
    const { repair, repairStatus, unjoin, unjoinStatus } = operatorRoutes;
    scope.post(repair.path, { schema: answers(repair) }, async () => {
      const waited = new AbortController();
      const patience = sleep(OPERATOR_WAIT_MS, waited.signal).catch(() => undefined);
      try {
        await Promise.race([caretaker.repairNow(), patience]);
      } finally {
        waited.abort();
      }
      return repairAnswer();
    });
    scope.get(repairStatus.path, { schema: answers(repairStatus) }, repairAnswer);
    scope.post(unjoin.path, { schema: answers(unjoin) }, () => {
      departure.begin();
      return departure.status;
    });
    scope.get(unjoinStatus.path, { schema: answers(unjoinStatus) }, () => departure.status);
    registered();
  });

  const adding = new Gate(MAX_CONCURRENT_ADDS, 'This relay is joining others already. Try again soon.');
  await withJsonBodies(server, (scope) => {
    onlyForOperator(scope, operatorToken);
    const { addRelay } = operatorRoutes;
    scope.post(
      addRelay.path,
      { bodyLimit: MAX_SMALL_BODY_BYTES, schema: { body: addRelay.body, ...answers(addRelay) } },
      (request, reply) => adding.run(() => joins.add(request.body.address, clientGone(reply))),
    );
  });

  await withJsonBodies(server, (scope) => {
    const { path, body, response } = operatorRoutes.auditChunk;
    scope.post(
      path,
      { bodyLimit: MAX_SMALL_BODY_BYTES, schema: { body, response: { 200: response } } },
      async (request, reply) => {
        reply.header('cache-control', 'no-store');
        return { hash: await auditor.answer(parseChunkId(request.body.id), request.body.nonce) };
      },
    );
  });
}

function onlyForOperator(scope: HttpServer, operatorToken: string): void {
  scope.addHook('onRequest', (request, reply, done) => {
    reply.header('cache-control', 'no-store');
    if (isBearer(request.headers.authorization, operatorToken)) done();
    else {
      const message =
        'Only this relay’s operator may do this: the token is in operator.token in its storage folder.';
      done(new AppError('FORBIDDEN', message));
    }
  });
}

function answers<R>({ response }: { readonly response: R }): { response: { 200: R } } {
  return { response: { 200: response } };
}
