/** Whether an answer is one that the relay's own document allows. Throws what is wrong with it. */
import { isErrorCode } from '../../../shared/errors.ts';
import { ApiError } from '../../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../../shared/protocol/schemas.ts';
import type { GeneratedClient } from '../../helpers/generated-client.ts';
import type { HttpRequest } from './http-requests.ts';
import type { HttpAnswer } from './http-wire.ts';

/** What no input may bring about. */
const FAULTS: readonly string[] = ['INTERNAL', 'IO', 'CORRUPT'];
/** Of pages, which are files. */
const PAGE_STATUSES: readonly number[] = [200, 206, 301, 302, 304];

export class Judge {
  readonly #client: GeneratedClient;
  readonly #secrets: readonly string[];
  readonly #errorStatuses: ReadonlySet<number>;

  /** `secrets`: what no answer may hold. */
  constructor(client: GeneratedClient, secrets: readonly string[]) {
    this.#client = client;
    this.#secrets = secrets;
    const paths = Object.values(client.document.paths) as Record<string, { responses: object }>[];
    const documented = paths
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ responses }) => Object.keys(responses));
    // 408 is the document's own word for what does not arrive in time, whatever it was.
    this.#errorStatuses = new Set([...documented.map(Number), 408].filter((status) => status >= 400));
  }

  judge({ operationId, method }: Pick<HttpRequest, 'operationId' | 'method'>, answer: HttpAnswer): void {
    const { status, headers, body } = answer;
    for (const secret of this.#secrets)
      if (body.includes(secret)) throw new Error('The answer holds what only the operator may know.');
    if (operationId !== null) this.#client.checkAnswer(operationId, status, headers, body);
    else if (!PAGE_STATUSES.includes(status) && !this.#errorStatuses.has(status))
      throw new Error(`Status ${String(status)} is in no document.`);
    if (status < 400 || method === 'HEAD') return;
    if (headers['content-type'] !== 'application/json; charset=utf-8')
      throw new Error('An error that is no JSON.');
    const { code } = parseJsonWith(ApiError, body.toString(), 'The error').error;
    if (!isErrorCode(code) || FAULTS.includes(code)) throw new Error(`The relay failed with ${code}.`);
  }
}
