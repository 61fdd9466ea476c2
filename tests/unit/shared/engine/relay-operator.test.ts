import { describe, expect, it } from 'vitest';
import { RelayOperator, isOperatorToken } from '../../../../shared/engine/relay-operator.ts';
import type { CareReport } from '../../../../shared/protocol/care-events.ts';
import type { DepartureStatus } from '../../../../shared/protocol/operator-routes.ts';
import { codeOf } from '../support/vectors.ts';
import { never } from './upload-bench.ts';
import { VirtualClock } from './virtual-clock.ts';

const TOKEN = 'ab'.repeat(32);
const AT: DepartureStatus = { state: 'leaving', total: 3, placed: 0, total_bytes: 30, placed_bytes: 0 };
const REPORT: CareReport = {
  ...{ checked: 4, missing: 1, repaired: 1, balanced: 0 },
  ...{ surplus: 0, dropped: 0, failed: 0 },
};

/** A relay that gives these answers in turn, and its operator. */
class Bench {
  readonly clock = new VirtualClock();
  readonly asked: string[] = [];
  readonly #answers: (object | null)[];

  constructor(...answers: (object | null)[]) {
    this.#answers = answers;
  }

  readonly operator = new RelayOperator({
    name: 'node_3',
    url: 'http://127.0.0.1:1',
    token: TOKEN,
    clock: this.clock,
    fetch: (url, init) => {
      const authorization = new Headers(init.headers).get('authorization') ?? '';
      this.asked.push(`${init.method ?? ''} ${new URL(url).pathname} ${authorization}`);
      const answer = this.#answers.shift() ?? null;
      // As the platform does for a relay that is not there.
      if (answer === null) return Promise.reject(new TypeError('Failed to fetch'));
      return Promise.resolve(Response.json(answer, { status: 'status' in answer ? 403 : 200 }));
    },
  });

  run<T>(work: Promise<T>): Promise<T> {
    return this.clock.run(work);
  }
}

const order = (method: string, path: string): string => `${method} ${path} Bearer ${TOKEN}`;

describe('leaving', () => {
  it('is followed to its end, with the token each time', async () => {
    const half = { ...AT, placed: 2, placed_bytes: 20 };
    const left = { ...AT, state: 'left', placed: 3, placed_bytes: 30 };
    const bench = new Bench(AT, half, { ...left, state: 'wiping' }, left);
    const seen: DepartureStatus[] = [];
    const status = await bench.run(bench.operator.leave((each) => seen.push(each), never()));
    expect(status).toEqual(left);
    expect(seen.map(({ state, placed }) => `${state} ${String(placed)}`)).toEqual([
      ...['leaving 0', 'leaving 2', 'wiping 3', 'left 3'],
    ]);
    expect(bench.asked).toEqual([
      order('POST', '/unjoin'),
      ...Array.from({ length: 3 }, () => order('GET', '/unjoin')),
    ]);
  });

  it.each<[string, (object | null)[], string, RegExp]>([
    [
      'finds no home for its chunks',
      [AT, { ...AT, state: 'serving', error: { code: 'NOT_ENOUGH_RELAYS', message: 'Nobody takes them.' } }],
      'NOT_ENOUGH_RELAYS',
      /Nobody takes them/,
    ],
    ['was started anew', [AT, { ...AT, state: 'serving' }], 'UNAVAILABLE', /node_3 does not leave any more/],
    ['stops answering', [AT, null], 'UNAVAILABLE', /node_3 stopped answering while it left/],
    [
      'does not take the token',
      [{ status: 403, error: { code: 'FORBIDDEN', message: 'Only this relay’s operator.' } }],
      'FORBIDDEN',
      /operator/,
    ],
  ])('of a relay that %s ends with why', async (_what, answers, code, message) => {
    const bench = new Bench(...answers);
    const error = bench.run(bench.operator.leave(() => undefined, never()));
    await expect(error).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });
});

describe('repair', () => {
  it('is followed until it has ended', async () => {
    const first = { ...REPORT, checked: 1, repaired: 0 };
    const bench = new Bench({ running: true, report: first }, { running: false, report: REPORT });
    const seen: CareReport[] = [];
    expect(await bench.run(bench.operator.repair((report) => seen.push(report), never()))).toEqual(REPORT);
    expect(seen).toEqual([first]);
    expect(bench.asked).toEqual([order('POST', '/repair'), order('GET', '/repair')]);
  });

  it('of a relay that was started anew meanwhile ends with that', async () => {
    const bench = new Bench({ running: true, report: null }, { running: false, report: null });
    expect(await codeOf(bench.run(bench.operator.repair(() => undefined, never())))).toBe('UNAVAILABLE');
  });
});

it.each([
  [TOKEN, true],
  [`${TOKEN}\n`, false],
  [TOKEN.toUpperCase(), false],
  [TOKEN.slice(1), false],
])('whether %j is a token', (text, is) => {
  expect(isOperatorToken(text)).toBe(is);
});
