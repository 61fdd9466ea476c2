/** What the page asks of its service worker. Answers go back through the message's port. */

const SERVICE_WORKER_REQUESTS = [
  /** Take control of the pages that are open: a hard reload leaves them without. No answer. */
  'claim',
  /** Become active although pages still use the older one. No answer. */
  'skip-waiting',
  /** How many streams are being served; a number. */
  'count-streams',
] as const;
export type ServiceWorkerRequest = (typeof SERVICE_WORKER_REQUESTS)[number];

/** Null for anything else: messages come from any page of the origin. */
export function parseServiceWorkerRequest(data: unknown): ServiceWorkerRequest | null {
  return SERVICE_WORKER_REQUESTS.find((request) => request === data) ?? null;
}
