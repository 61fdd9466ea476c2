import { beforeEach, describe, expect, it } from 'vitest';
import { Selection } from '../../../../web/state/selection.svelte.ts';

let rows: string[];
let selection: Selection;
const chosen = (): string => rows.filter((key) => selection.has(key)).join('');

beforeEach(() => {
  rows = Array.from('abcdef');
  selection = new Selection(() => rows);
});

describe('Selection', () => {
  it('chooses one by one', () => {
    selection.toggle('b');
    selection.toggle('d');
    expect(chosen()).toBe('bd');
    selection.toggle('b');
    expect(chosen()).toBe('d');
  });

  it('goes from the last one chosen to another, up or down, and changes its mind', () => {
    selection.toggle('a');
    selection.toggle('c');
    selection.extendTo('e');
    expect(chosen()).toBe('cde');
    selection.extendTo('b');
    expect(chosen()).toBe('bc');
  });

  it('begins a range where there is none', () => {
    selection.extendTo('c');
    expect(chosen()).toBe('c');
    selection.extendTo('d');
    expect(chosen()).toBe('cd');
  });

  it('begins anew where the first of the range has gone', () => {
    selection.toggle('a');
    rows = Array.from('bcdef');
    selection.extendTo('d');
    selection.extendTo('e');
    expect(chosen()).toBe('de');
  });

  it('takes all, or none', () => {
    selection.all();
    expect(chosen()).toBe('abcdef');
    selection.none();
    expect(chosen()).toBe('');
  });
});
