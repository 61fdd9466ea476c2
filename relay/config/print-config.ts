import type { ResolvedSettings } from './resolve.ts';
import { settingOf } from './settings.ts';

/**
 * What a relay would run with: a config file that says the same, and behind each value where it comes from. A swarm's key is a
 * file, and what is in it is not shown.
 */
export async function printConfig(resolved: ResolvedSettings): Promise<string> {
  const { stringify } = await import('smol-toml');
  const lines = Array.from(resolved, ([name, { given, values }]) => {
    // Sizes and times as they were written, texts as they are understood.
    const shown = values.map((value, index) => (typeof value === 'string' ? value : given.texts[index]));
    const value = settingOf(name).repeatable === true ? shown : shown[0];
    if (value === undefined) return `# ${name} is not set`;
    return `${stringify({ [name]: value }).trim()} # ${given.where}`;
  });
  return `${lines.join('\n')}\n`;
}
