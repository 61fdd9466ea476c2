import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an Authorization header bears the operator's token; in the same time for every wrong one. */
export function isBearer(header: string | undefined, token: string): boolean {
  const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(sha256(header ?? ''), sha256(`Bearer ${token}`));
}
