import { SETTING_NAMES, settingOf } from './settings.ts';
import { variableOf } from './sources.ts';

const COLUMN = 24;

/** What `--help` prints. */
export function help(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { placeholder, help: text, fallback, required, repeatable } = settingOf(name);
    const notes = [
      ...(required === true ? ['required'] : []),
      ...(repeatable === true ? ['may be repeated'] : []),
      ...(fallback === undefined ? [] : [`default ${fallback}`]),
    ];
    return row(
      `--${name} ${placeholder}`.trim(),
      notes.length === 0 ? text : `${text} (${notes.join(', ')})`,
    );
  });
  return `Usage: node relay/main.ts --storage-dir DIR [options]

Runs one relay: stores encrypted chunks for the swarm and serves the web app.

${rows.join('\n')}
${row('--config FILE', 'a TOML file with any of these, named as here without the dashes')}
${row('--print-config', 'print what the relay would run with, and where each value comes from')}
${row('--help', 'show this')}

Flags count before environment variables (${variableOf('storage-dir')}, ${variableOf('port')}, …; lists with commas),
these before the config file. When ready it prints one line: {"event":"ready","id":…,"port":…,"link":…}. Logs are JSON
lines on stderr. SIGTERM or SIGINT stops it. Exit codes: 0 stopped, 2 wrong settings, 8 port or folder in use; see docs/cli.md.
`;
}

function row(flag: string, text: string): string {
  return `  ${flag.padEnd(COLUMN)}${text}`;
}
