/** Every relative link of the docs leads to a file, every anchor to a heading, and every path that they name is there. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fencedBlocks, proseOf, readPages } from '../../helpers/docs.ts';
import type { Page } from '../../helpers/docs.ts';
import { REPO } from '../../helpers/programs.ts';

const pages = await readPages();
const byName = new Map(pages.map((page) => [page.name, page]));

/** As GitHub makes them: lower case, no punctuation, `-` for each space. */
function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  for (const [, title = ''] of proseOf(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/gu, '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Why a link leads nowhere; null: it leads somewhere, or out of the project. */
function faultOf(page: Page, target: string): string | null {
  if (/^[a-z]+:/.test(target)) return null;
  const [file = '', anchor] = target.split('#');
  const name = file === '' ? page.name : path.posix.join(path.posix.dirname(page.name), file);
  if (name.startsWith('..')) return `${target} leaves the project`;
  if (!existsSync(path.join(REPO, name))) return `${target} is not there`;
  const linked = byName.get(name);
  if (anchor === undefined || linked === undefined) return null;
  return anchorsOf(linked).has(anchor) ? null : `${target}: no such heading`;
}

describe.each(pages.map((page) => [page.name, page] as const))('%s', (_name, page) => {
  const prose = proseOf(page);

  it('leads where it says', () => {
    const targets = Array.from(prose.matchAll(/\]\(<?([^)>\s]+)>?\)/g), ([, target = '']) => target);
    expect(targets.flatMap((target) => faultOf(page, target) ?? [])).toEqual([]);
  });

  it('names files that are there', () => {
    const named = Array.from(
      prose.matchAll(/`((?:tests|docs|shared|relay|cli|web|packaging|scripts)\/[\w./-]+)`/g),
      ([, name = '']) => name,
    );
    expect(named.filter((name) => !existsSync(path.join(REPO, name)))).toEqual([]);
  });
});

it('no diagram has a semicolon, which ends a statement of Mermaid', () => {
  const diagrams = pages.flatMap(fencedBlocks).filter(({ language }) => language === 'mermaid');
  expect(diagrams.length).toBeGreaterThan(3);
  expect(diagrams.flatMap(({ lines }) => lines).filter((line) => line.includes(';'))).toEqual([]);
});

it('README leads to every page', () => {
  const readme = byName.get('README.md')?.text ?? '';
  const missing = pages.filter(({ name }) => !name.startsWith('docs/adr/') && name !== 'README.md');
  expect(missing.map(({ name }) => name).filter((name) => !readme.includes(`](${name})`))).toEqual([]);
});
