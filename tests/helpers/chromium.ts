import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Chromium to test with: `CHROMIUM_PATH`, or the distribution's. */
export function findChromium(): string | undefined {
  return [process.env['CHROMIUM_PATH'], ...PLACES].find((path) => path !== undefined && existsSync(path));
}

/** Throws when there is none. */
export function chromiumPath(): string {
  const found = findChromium();
  if (found === undefined) throw new Error('No Chromium: run "npm test" once, or set CHROMIUM_PATH.');
  return found;
}
