/** The part of the address bar that is the app's: the fragment, which no server sees. */
export interface AddressBar {
  /** Where `hashchange` arrives. */
  readonly events: EventTarget;
  /** With its `#`. */
  fragment(): string;
  /** Takes the fragment out of the address, without a step in the history. */
  clearFragment(): void;
}

export function browserAddress(): AddressBar {
  return {
    events: window,
    fragment: () => location.hash,
    clearFragment: () => history.replaceState(history.state, '', location.pathname + location.search),
  };
}
