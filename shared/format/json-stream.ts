/** JSON (RFC 8259) as a stream of events, in memory that does not depend on the text: for texts of any size from anyone. */
import Tokenizer from '@streamparser/json/tokenizer.js';
import TokenType from '@streamparser/json/utils/types/tokenType.js';
import { AppError, throwIfAborted } from '../errors.ts';
import { MAX_JSON_DEPTH, MAX_JSON_TOKEN_BYTES } from '../limits.ts';

export type JsonScalar = string | number | boolean | null;

/** Called in the order of the text. Keys come before their values; nothing is buffered beyond one scalar. */
export interface JsonHandler {
  open(kind: 'object' | 'array'): void;
  close(): void;
  key(name: string): void;
  scalar(value: JsonScalar): void;
}

/** Fed at once: after each slice it is checked that the text got on. */
const SLICE_BYTES = 16 * 1024;

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

/**
 * Feeds `text` (UTF-8, one JSON value) to the handler. Throws `CORRUPT` for what is not JSON or not UTF-8, for strings
 * and numbers over 64 KiB and nesting over 32; `TOO_LARGE` above `maxBytes`; and what the handler throws.
 */
export async function readJson(
  text: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  handler: JsonHandler,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<void> {
  const grammar = new Grammar(handler);
  const tokenizer = new Tokenizer();
  let bytes = 0;
  let bytesWithoutToken = 0;
  let tokens = 0;
  tokenizer.onToken = ({ token, value }) => {
    bytesWithoutToken = 0;
    tokens++;
    grammar.take(token, value);
  };
  for await (const part of text) {
    throwIfAborted(signal);
    bytes += part.length;
    if (bytes > maxBytes) throw new AppError('TOO_LARGE', `The text is longer than ${maxBytes} bytes.`);
    for (let start = 0; start < part.length; start += SLICE_BYTES) {
      const slice = part.subarray(start, start + SLICE_BYTES);
      const tokensBefore = tokens;
      parsing(() => {
        tokenizer.write(slice);
      });
      if (tokens === tokensBefore) bytesWithoutToken += slice.length;
      if (bytesWithoutToken > MAX_JSON_TOKEN_BYTES) {
        throw new AppError('CORRUPT', `The text holds a value over ${MAX_JSON_TOKEN_BYTES} bytes.`);
      }
    }
  }
  parsing(() => {
    tokenizer.end();
    grammar.end();
  });
}

/** The tokenizer throws errors of its own, and a TypeError for bytes that are not UTF-8. */
function parsing(step: () => void): void {
  try {
    step();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('CORRUPT', 'This is not valid JSON text.', { cause });
  }
}

/** Checks that tokens make one JSON value. */
class Grammar {
  readonly #handler: JsonHandler;
  readonly #stack: ('object' | 'array')[] = [];
  #expected: Expected = 'value';

  constructor(handler: JsonHandler) {
    this.#handler = handler;
  }

  take(token: TokenType, value: JsonScalar): void {
    switch (token) {
      case TokenType.LEFT_BRACE:
        this.#open('object');
        break;
      case TokenType.LEFT_BRACKET:
        this.#open('array');
        break;
      case TokenType.RIGHT_BRACE:
        this.#close('object', 'key-or-end');
        break;
      case TokenType.RIGHT_BRACKET:
        this.#close('array', 'value-or-end');
        break;
      case TokenType.COLON:
        this.#require(this.#expected === 'colon');
        this.#expected = 'value';
        break;
      case TokenType.COMMA:
        this.#require(this.#expected === 'comma-or-end');
        this.#expected = this.#stack.at(-1) === 'object' ? 'key' : 'value';
        break;
      case TokenType.STRING:
        if (this.#expected === 'key' || this.#expected === 'key-or-end') this.#key(value);
        else this.#scalar(value);
        break;
      case TokenType.NUMBER:
      case TokenType.TRUE:
      case TokenType.FALSE:
      case TokenType.NULL:
        this.#scalar(value);
        break;
      case TokenType.SEPARATOR:
        this.#require(false);
    }
  }

  end(): void {
    this.#require(this.#expected === 'nothing');
  }

  #open(kind: 'object' | 'array'): void {
    this.#require(this.#expected === 'value' || this.#expected === 'value-or-end');
    if (this.#stack.length >= MAX_JSON_DEPTH) {
      throw new AppError('CORRUPT', `The text nests deeper than ${MAX_JSON_DEPTH} levels.`);
    }
    this.#stack.push(kind);
    this.#expected = kind === 'object' ? 'key-or-end' : 'value-or-end';
    this.#handler.open(kind);
  }

  #close(kind: 'object' | 'array', empty: Expected): void {
    this.#require(
      this.#stack.at(-1) === kind && (this.#expected === 'comma-or-end' || this.#expected === empty),
    );
    this.#stack.pop();
    this.#afterValue();
    this.#handler.close();
  }

  #key(name: JsonScalar): void {
    this.#expected = 'colon';
    this.#handler.key(String(name));
  }

  #scalar(value: JsonScalar): void {
    this.#require(this.#expected === 'value' || this.#expected === 'value-or-end');
    this.#afterValue();
    this.#handler.scalar(value);
  }

  #afterValue(): void {
    this.#expected = this.#stack.length === 0 ? 'nothing' : 'comma-or-end';
  }

  #require(holds: boolean): void {
    if (!holds) throw new AppError('CORRUPT', 'This is not valid JSON text.');
  }
}
