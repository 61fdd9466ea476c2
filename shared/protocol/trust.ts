/** The page that says how a device comes to trust a relay's HTTPS: a page of the relay, not of the app. */
export const TRUST_PATH = '/trust';
