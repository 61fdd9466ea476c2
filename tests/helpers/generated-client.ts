/** A client that is generated from what a relay serves as its OpenAPI document, and holds every answer against that document. */
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { OpenAPIClientAxios } from 'openapi-client-axios';
import type { OpenAPIClient, OpenAPIV3 } from 'openapi-client-axios';

export interface Call {
  readonly params?: Readonly<Record<string, string | number>>;
  /** An object is sent as JSON. */
  readonly body?: Uint8Array | object;
  /** Besides those that the document knows as parameters. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** Parsed, where the answer is JSON. */
  readonly json: unknown;
}

interface Operation {
  readonly pointer: string;
  readonly responses: Readonly<Record<string, OpenAPIV3.ResponseObject>>;
  readonly security: OpenAPIV3.SecurityRequirementObject[];
}

const DOCUMENT = 'https://lanvault.invalid/openapi.json';

export class GeneratedClient {
  readonly document: OpenAPIV3.Document;
  /** Statuses that were answered, by operation. */
  readonly answered = new Map<string, Set<number>>();
  readonly #client: OpenAPIClient;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #ajv: Ajv;
  readonly #validators = new Map<string, ValidateFunction>();

  private constructor(document: OpenAPIV3.Document, client: OpenAPIClient) {
    this.document = document;
    this.#client = client;
    this.#operations = operationsOf(document);
    this.#ajv = new Ajv({ strict: false, validateFormats: true, allErrors: true });
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(document, DOCUMENT);
  }

  /** Of the relay at an origin. */
  static async of(url: string): Promise<GeneratedClient> {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenAPIV3.Document;
    const api = new OpenAPIClientAxios({ definition: structuredClone(document), withServer: { url } });
    return new GeneratedClient(document, await api.init());
  }

  get operationIds(): readonly string[] {
    return [...this.#operations.keys()];
  }

  /** Each alternative's names of security schemes; an empty one needs nothing. */
  security(operationId: string): string[][] {
    return this.#operation(operationId).security.map((requirement) => Object.keys(requirement));
  }

  /** Calls the operation. Throws when its answer is not as the document says, whatever its status. */
  async call(operationId: string, { params = {}, body, headers = {} }: Call = {}): Promise<Answer> {
    const method = this.#client[operationId];
    if (method === undefined) throw new Error(`No operation ${operationId}.`);
    const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
    const answer = await method.call(
      this.#client,
      params,
      body instanceof Uint8Array ? Buffer.from(body) : body,
      {
        headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
        responseType: 'arraybuffer',
        validateStatus: () => true,
        proxy: false,
      },
    );
    const given = Object.fromEntries(
      Object.entries(answer.headers as Record<string, unknown>).map(([name, value]) => [name, String(value)]),
    );
    const bytes = new Uint8Array(answer.data as ArrayBuffer);
    return this.checkAnswer(operationId, answer.status, given, bytes);
  }

  /** A message of a stream, whose answer's status is given. Throws as `call`. */
  check(operationId: string, status: number, type: string, value: unknown): void {
    const validate = this.#validator(operationId, status, type);
    this.#note(operationId, status);
    if (!validate(value)) throw this.#wrong(operationId, status, JSON.stringify(validate.errors));
  }

  /** An answer that came in another way, its header names in lowercase. Throws as `call`. */
  checkAnswer(
    operationId: string,
    status: number,
    headers: Readonly<Record<string, string>>,
    bytes: Uint8Array,
  ): Answer {
    const response = this.#operation(operationId).responses[String(status)];
    const text = bytes.length < 4096 ? Buffer.from(bytes).toString() : '';
    if (response === undefined) throw this.#wrong(operationId, status, `undocumented status: ${text}`);
    for (const name of Object.keys(response.headers ?? {}))
      if (headers[name.toLowerCase()] === undefined)
        throw this.#wrong(operationId, status, `no header ${name}`);
    if (response.content === undefined) {
      if (bytes.length > 0) throw this.#wrong(operationId, status, 'an undocumented body');
      this.#note(operationId, status);
      return { status, headers, bytes, json: undefined };
    }
    const type = headers['content-type']?.split(';')[0] ?? '';
    const json: unknown = type === 'application/json' ? JSON.parse(Buffer.from(bytes).toString()) : undefined;
    // Of bytes, the lengths in the schema count bytes: so does latin1.
    this.check(operationId, status, type, json ?? Buffer.from(bytes).toString('latin1'));
    return { status, headers, bytes, json };
  }

  #validator(operationId: string, status: number, type: string): ValidateFunction {
    const { pointer, responses } = this.#operation(operationId);
    const known = responses[String(status)]?.content ?? {};
    if (known[type] === undefined)
      throw this.#wrong(operationId, status, `undocumented content type ${type}`);
    const path = `${pointer}/responses/${String(status)}/content/${escaped(type)}/schema`;
    const validator = this.#validators.get(path) ?? this.#ajv.compile({ $ref: `${DOCUMENT}#${path}` });
    this.#validators.set(path, validator);
    return validator;
  }

  #operation(operationId: string): Operation {
    const operation = this.#operations.get(operationId);
    if (operation === undefined) throw new Error(`No operation ${operationId}.`);
    return operation;
  }

  #note(operationId: string, status: number): void {
    const statuses = this.answered.get(operationId) ?? new Set();
    this.answered.set(operationId, statuses.add(status));
  }

  #wrong(operationId: string, status: number, why: string): Error {
    return new Error(`${operationId} answered ${String(status)} against its document: ${why}`);
  }
}

/** RFC 6901, and percent-encoded as a URI's fragment wants it. */
function escaped(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function operationsOf({ paths }: OpenAPIV3.Document): ReadonlyMap<string, Operation> {
  const operations = new Map<string, Operation>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, value] of Object.entries(methods ?? {})) {
      const { operationId = '', responses, security = [] } = value as OpenAPIV3.OperationObject;
      operations.set(operationId, {
        pointer: `/paths/${escaped(path)}/${method}`,
        responses: responses as Record<string, OpenAPIV3.ResponseObject>,
        security,
      });
    }
  }
  return operations;
}
