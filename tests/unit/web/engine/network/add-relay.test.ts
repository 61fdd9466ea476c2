import { expect, it } from 'vitest';
import { addRelay } from '../../../../../web/engine/network/add-relay.ts';

const ORIGIN = 'http://192.168.1.2:8888';
const never = new AbortController().signal;
const question = { address: '10.0.0.9:8000', operatorToken: ' secret\n' };

it('gives the relay the address and its operator’s token, without the line’s end', async () => {
  const added = { id: 'a'.repeat(64), host: '10.0.0.9', port: 8000, known: false };
  const sent: [string, RequestInit][] = [];
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    sent.push([url, init]);
    return Promise.resolve(Response.json(added));
  };
  expect(await addRelay(ORIGIN, fetch, question, never)).toEqual(added);
  const [[url, { method, headers, body }] = ['', {}]] = sent;
  expect([url, method, body]).toEqual([`${ORIGIN}/peers`, 'POST', '{"address":"10.0.0.9:8000"}']);
  expect(new Headers(headers).get('authorization')).toBe('Bearer secret');
});

it('says what the relay says', async () => {
  const refusal = { error: { code: 'CONFLICT', message: 'That is the address of this relay itself.' } };
  const fetch = (): Promise<Response> => Promise.resolve(Response.json(refusal, { status: 409 }));
  await expect(addRelay(ORIGIN, fetch, question, never)).rejects.toMatchObject(refusal.error);
});
