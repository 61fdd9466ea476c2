/** Dates as the reader's language writes them. */
const today = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const thisYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const older = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

/** Time for today, day and month for this year, else with the year. What is no date gives `–`. */
export function formatDate(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '–';
  if (date.toDateString() === now.toDateString()) return `Today, ${today.format(date)}`;
  return (date.getFullYear() === now.getFullYear() ? thisYear : older).format(date);
}

export function formatFullDate(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? 'Unknown date' : full.format(date);
}
