/** Addresses that every device takes for itself. */
const OWN_DEVICE = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether a link to this page's address works on this device alone. */
export function worksHereOnly(webLink: string): boolean {
  return OWN_DEVICE.test(new URL(webLink).hostname);
}
