import type { ErrorCode } from '../../shared/errors.ts';

/** Fastify's own refusals, as ours. */
export const BAD_REQUEST_MESSAGES: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'BAD_INPUT',
    message: 'The Content-Type must be application/octet-stream.',
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'TOO_LARGE', message: 'The body is too large.' },
  FST_ERR_BAD_URL: { code: 'BAD_INPUT', message: 'The URL is malformed.' },
};
