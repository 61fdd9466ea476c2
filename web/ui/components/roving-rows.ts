/**
 * One tab stop for a list of rows, as https://www.w3.org/WAI/ARIA/apg/patterns/grid/ has it: only the controls of the current row
 * are in the tab order; up and down go to the same control of the next row, left and right along the row.
 */
import type { Attachment } from 'svelte/attachments';

/** Rows carry their key in `data-key`. */
const ROWS = '[role="row"][data-key]';
const CONTROLS = 'button, input, a[href]';

/** `onmove` is told the key of the row that an arrow key led to. */
export function rovingRows(onmove: (key: string, event: KeyboardEvent) => void): Attachment<HTMLElement> {
  return (list) => {
    let current: Element | null = null;

    function setCurrent(row: Element | null): void {
      if (current !== row && current !== null) reach(current, false);
      current = row;
      if (row !== null) reach(row, true);
    }

    /** Rows come and go. */
    function update(): void {
      const rows = [...list.querySelectorAll(ROWS)];
      for (const row of rows) if (row !== current) reach(row, false);
      setCurrent(current !== null && rows.includes(current) ? current : (rows[0] ?? null));
    }

    function focused({ target }: FocusEvent): void {
      if (target instanceof Element) setCurrent(target.closest(ROWS) ?? current);
    }

    function pressed(event: KeyboardEvent): void {
      const { target, key, altKey, ctrlKey, metaKey } = event;
      if (!(target instanceof Element) || altKey || ctrlKey || metaKey) return;
      const row = target.closest(ROWS);
      if (row === null || target.closest('[popover]') !== null) return;
      const along = controlsOf(row);
      const at = along.findIndex((control) => control === target);
      if (key === 'ArrowLeft' || key === 'ArrowRight') {
        along[at + (key === 'ArrowLeft' ? -1 : 1)]?.focus();
        event.preventDefault();
        return;
      }
      const rows = [...list.querySelectorAll<HTMLElement>(ROWS)];
      const from = rows.findIndex((each) => each === row);
      const to = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: rows.length - 1 }[key];
      if (to === undefined) return;
      event.preventDefault();
      const next = rows[to];
      if (next === undefined) return;
      const controls = controlsOf(next);
      controls[Math.min(Math.max(at, 0), controls.length - 1)]?.focus();
      onmove(next.dataset['key'] ?? '', event);
    }

    const observer = new MutationObserver(update);
    observer.observe(list, { childList: true, subtree: true });
    list.addEventListener('focusin', focused);
    list.addEventListener('keydown', pressed);
    update();
    return () => {
      observer.disconnect();
      list.removeEventListener('focusin', focused);
      list.removeEventListener('keydown', pressed);
    };
  };
}

/** What opens over the page is not part of the row. */
function controlsOf(row: Element): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>(CONTROLS)].filter(
    (control) => control.closest('[popover]') === null,
  );
}

function reach(row: Element, reachable: boolean): void {
  for (const control of controlsOf(row)) control.tabIndex = reachable ? 0 : -1;
}
