import encodeQr from 'qr';

/** Quiet zone, in modules (ISO/IEC 18004 §6.3.8). */
const BORDER = 4;
/** Dark on light whatever the terminal's colours are: many readers know no other way round. */
const BLACK_ON_WHITE = '\u001b[30;107m';
const RESET = '\u001b[0m';

/** A QR code of a text for a terminal, two modules in each character. */
export function terminalQr(text: string): string {
  const rows = encodeQr(text, 'raw', { ecc: 'medium', border: BORDER });
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const [upper = [], lower = []] = [rows[y], rows[y + 1]];
    const cells = upper.map((dark, x) => {
      const below = lower[x] ?? false;
      return dark ? (below ? '█' : '▀') : below ? '▄' : ' ';
    });
    lines.push(`${BLACK_ON_WHITE}${cells.join('')}${RESET}`);
  }
  return lines.join('\n');
}
