/** Orders that only a relay's operator may give: to look after its chunks now, and to leave the swarm. */
import type { Static, TSchema } from 'typebox';
import { AppError, isErrorCode } from '../errors.ts';
import { OPERATOR_WAIT_MS, REQUEST_TIMEOUT_MS } from '../limits.ts';
import type { CareReport } from '../protocol/care-events.ts';
import { operatorRoutes } from '../protocol/operator-routes.ts';
import type { DepartureStatus } from '../protocol/operator-routes.ts';
import type { EngineClock } from './clock.ts';
import { RelayHttp } from './relay-http.ts';
import type { Fetch, Route } from './relay-http.ts';

/** Well within the time that a relay which has left still answers. */
const DEPARTURE_POLL_MS = 300;
const REPAIR_POLL_MS = 1000;
/** 32 bytes, hex. */
const TOKEN = /^[0-9a-f]{64}$/;

export function isOperatorToken(text: string): boolean {
  return TOKEN.test(text);
}

export interface RelayOperatorOptions {
  /** How a person calls the relay. */
  readonly name: string;
  readonly url: string;
  /** What `operator.token` in its storage folder says. */
  readonly token: string;
  readonly fetch: Fetch;
  readonly clock: EngineClock;
}

/** Every method throws `FORBIDDEN` for another relay's token, `UNAVAILABLE` and `TIMEOUT` where it does not answer. */
export class RelayOperator {
  readonly #options: RelayOperatorOptions;
  readonly #http: RelayHttp;

  constructor(options: RelayOperatorOptions) {
    this.#options = options;
    const { url, fetch, clock } = options;
    this.#http = new RelayHttp({ baseUrls: [url], fetch, clock, toBody: (bytes) => bytes });
  }

  /** How far it has come with leaving; `serving` where it does not. */
  departure(signal: AbortSignal): Promise<DepartureStatus> {
    return this.#order(operatorRoutes.unjoinStatus, REQUEST_TIMEOUT_MS, signal);
  }

  /**
   * Has it hand its chunks over, wipe them and stop; goes on with what was begun before. An abort ends the watching, not the
   * leaving. Throws what it could not leave for: then nothing was wiped.
   */
  async leave(onStatus: (status: DepartureStatus) => void, signal: AbortSignal): Promise<DepartureStatus> {
    const { name, clock } = this.#options;
    let status = await this.#order(operatorRoutes.unjoin, REQUEST_TIMEOUT_MS, signal);
    for (;;) {
      const { state, error } = status;
      onStatus(status);
      if (state === 'left') return status;
      if (error !== undefined)
        throw new AppError(isErrorCode(error.code) ? error.code : 'UNAVAILABLE', error.message);
      if (state === 'serving')
        throw new AppError('UNAVAILABLE', `${name} does not leave any more: it was started anew.`);
      await clock.sleep(DEPARTURE_POLL_MS, signal);
      try {
        status = await this.departure(signal);
      } catch (cause) {
        if (signal.aborted || AppError.from(cause).code !== 'UNAVAILABLE') throw cause;
        const message = `${name} stopped answering while it left. Start it again on its folder: it goes on by itself.`;
        throw new AppError('UNAVAILABLE', message, { cause });
      }
    }
  }

  /** Has it look at every chunk now, without grace. An abort ends the watching, not the repair. */
  async repair(onReport: (report: CareReport) => void, signal: AbortSignal): Promise<CareReport> {
    const { name, clock } = this.#options;
    let answer = await this.#order(operatorRoutes.repair, OPERATOR_WAIT_MS + REQUEST_TIMEOUT_MS, signal);
    while (answer.running) {
      if (answer.report !== null) onReport(answer.report);
      await clock.sleep(REPAIR_POLL_MS, signal);
      answer = await this.#order(operatorRoutes.repairStatus, REQUEST_TIMEOUT_MS, signal);
    }
    // It was started anew meanwhile, and knows nothing of the pass.
    if (answer.report === null) throw new AppError('UNAVAILABLE', `${name} was restarted while it repaired.`);
    return answer.report;
  }

  #order<R extends Route & { readonly response: TSchema }>(
    { method, path, response }: R,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Static<R['response']>> {
    const { url, token } = this.#options;
    const plain: Route & { readonly response: R['response'] } = { method, path, response };
    const headers = { authorization: `Bearer ${token}` };
    return this.#http.json(url, plain, { headers } as object, signal, timeoutMs);
  }
}
