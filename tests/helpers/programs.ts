/** What the tests start: relay and command line as built, the very files that users run. */
import path from 'node:path';

export const REPO = path.resolve(import.meta.dirname, '../..');

export const RELAY_PROGRAM = path.join(REPO, 'dist/relay/main.js');
export const CLI_PROGRAM = path.join(REPO, 'dist/cli/main.js');
