import encodeQr from 'qr';
import { expect, it } from 'vitest';
import { terminalQr } from '../../../cli/terminal-qr.ts';

const BLACK_ON_WHITE = '\u001b[30;107m';
const RESET = '\u001b[0m';

it('draws every module of the code, black on white, with its quiet zone', () => {
  const text = 'lanvault:0123#abc';
  const lines = terminalQr(text).split('\n');
  const drawn = lines.flatMap((line) => {
    const cells = Array.from(line.slice(BLACK_ON_WHITE.length, -RESET.length));
    return [cells.map((cell) => '█▀'.includes(cell)), cells.map((cell) => '█▄'.includes(cell))];
  });
  const rows = encodeQr(text, 'raw', { ecc: 'medium', border: 4 });
  expect(drawn.slice(0, rows.length)).toEqual(rows);
  expect(rows[0]?.some(Boolean)).toBe(false);
});
