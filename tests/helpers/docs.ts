/** The project's own pages: README, docs and what else stands at the top. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { REPO } from './programs.ts';

export interface Page {
  /** From the project's folder, with `/`. */
  readonly name: string;
  readonly text: string;
}

export async function readPages(): Promise<Page[]> {
  const top = (await readdir(REPO)).filter((name) => name.endsWith('.md'));
  const docs = (await readdir(path.join(REPO, 'docs'), { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll(path.sep, '/')}`);
  const names = [...top, ...docs].toSorted();
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(path.join(REPO, name), 'utf8') })),
  );
}

export interface FencedBlock {
  /** Empty where none is given. */
  readonly language: string;
  readonly lines: readonly string[];
}

export function fencedBlocks({ text }: Page): FencedBlock[] {
  return Array.from(text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm), ([, language = '', body = '']) => ({
    language,
    lines: body.trimEnd().split('\n'),
  }));
}

/** What is left of a page without its blocks of code. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}
