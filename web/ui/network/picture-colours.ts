/** The design's colours for a canvas, which knows no custom properties. */
const TOKENS = {
  surface: '--surface',
  text: '--text',
  muted: '--text-muted',
  line: '--border-strong',
  accent: '--accent',
  soft: '--accent-soft',
  good: '--good',
  warn: '--warn',
  danger: '--danger',
} as const;

export type PictureColours = Readonly<Record<keyof typeof TOKENS, string>>;

/** As they are now on `element`, theme included. */
export function readColours(element: HTMLElement): PictureColours {
  const probe = document.createElement('span');
  // Else each colour is read while it is still on its way from the one before.
  probe.style.setProperty('transition', 'none', 'important');
  element.append(probe);
  const colour = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, colour(token)]),
  ) as Record<keyof typeof TOKENS, string>;
  probe.remove();
  return colours;
}
