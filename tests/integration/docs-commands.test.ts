/**
 * Every command that the docs tell people to type is known to the program, and is typed: here against real relays, where a page needs relays
 * of its own in tests/long/docs-deployments.test.ts; or it is excused, with a reason.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandsOf, programTree } from '../helpers/cli-tree.ts';
import { commandsOn, unmarkedCommandsOn } from '../helpers/doc-commands.ts';
import { EXCUSED, readStories, tellStory } from '../helpers/doc-stories.ts';
import { readPages } from '../helpers/docs.ts';
import { REPO } from '../helpers/programs.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelaySwarm } from '../helpers/relays.ts';

const pages = await readPages();
const stories = await readStories();
const named = stories.map((story) => [story.page.name, story] as const);

describe('what is not run', () => {
  it('is in the docs', () => {
    const typed = new Set(pages.flatMap((page) => commandsOn(page).map(({ text }) => text)));
    expect(Object.keys(EXCUSED).filter((text) => !typed.has(text))).toEqual([]);
    expect(stories.length).toBeGreaterThan(4);
  });

  it('is no command of ours, and names nothing that is not there', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(REPO, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [text, reason] of Object.entries(EXCUSED)) {
      const [program, verb = '', script = ''] = text.split(' ');
      expect(['npm', 'python3', 'install', 'systemctl']).toContain(program);
      if (program === 'npm' && !['ci', 'install'].includes(verb))
        expect(scripts, text).toHaveProperty([verb === 'run' ? script : verb]);
      for (const [file] of `${text} ${reason}`.matchAll(/(?<![\w/])(?:packaging|tests|\.ci)\/[\w./-]+/g))
        expect(existsSync(path.join(REPO, file)), file).toBe(true);
    }
  });

  it('is marked as what people type', () => {
    // The synopses of docs/cli.md are no commands.
    const unmarked = pages.filter(({ name }) => name !== 'docs/cli.md').flatMap(unmarkedCommandsOn);
    expect(unmarked).toEqual([]);
  });
});

describe('what the docs tell people to type', () => {
  it.each(named)('%s: the program knows it', async (_name, { commands }) => {
    for (const { text, args } of commands) {
      const program = programTree();
      let typed = '';
      for (const { path: words, command } of commandsOf(program))
        command.action(() => {
          typed = words.join(' ');
        });
      // Relays read their flags themselves.
      if (args?.[0] !== 'start-node') await program.parseAsync([...(args ?? [])], { from: 'user' });
      else typed = 'start-node';
      expect(text).toContain(typed);
      expect(typed, text).not.toBe('');
    }
  });
});

describe('typed', () => {
  let swarm: RelaySwarm;
  beforeAll(async () => {
    swarm = await startRelays(5);
  });
  afterAll(() => swarm[Symbol.asyncDispose]());

  it.each(named.filter(([, { isLong }]) => !isLong))('%s', (_name, story) => tellStory(story, swarm));
});
