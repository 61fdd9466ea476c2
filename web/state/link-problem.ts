/** Why a link does not open, and what the person who got it can do. */
import { AppError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { ERROR_HINTS } from './error-hints.ts';

export interface LinkProblem {
  readonly title: string;
  readonly text: string;
}

const WHOLE = /^(?:lanvault:|(?:https?:\/\/\S*)?\/?#\/open\/)[0-9a-f]{64}[#.][\w-]{43}(?:\.[\w-]{43})?$/;
const BEGINNING = /lanvault:|#\/open\//;

const INCOMPLETE: LinkProblem = {
  title: 'This link is not complete',
  text: 'A part of it was lost on the way, or something was added. Copy the whole link again, from its first to its last character, or ask for a new one.',
};

/** Of what was pasted or followed, before anybody is asked; null for what looks like a link. */
export function problemOfText(text: string): LinkProblem | null {
  const bare = text.trim();
  if (WHOLE.test(bare)) return null;
  if (BEGINNING.test(bare)) return INCOMPLETE;
  return {
    title: 'This is not a Lanvault link',
    text: 'Lanvault links begin with lanvault: or have #/open/ in them. Copy the link again from where you got it.',
  };
}

const NOT_HERE: LinkProblem = {
  title: 'No relay here can open this link',
  text: 'The file may have been deleted, the link may belong to another network or have a mistake in it, or the machines that hold the file are switched off. Switch them on and try again, or ask whoever sent it.',
};
const DAMAGED: LinkProblem = {
  title: 'This link leads to something damaged',
  text: 'What is stored there is not a Lanvault file. Ask whoever sent it for a new link.',
};
const NO_ANSWER: LinkProblem = {
  title: 'The network does not answer',
  text: 'Check that the relay that served this page is running and that you are on its network, then try again.',
};

const PROBLEMS: Readonly<Partial<Record<ErrorCode, LinkProblem>>> = {
  BAD_INPUT: INCOMPLETE,
  NOT_FOUND: NOT_HERE,
  CHUNK_LOST: NOT_HERE,
  DELETED: NOT_HERE,
  UNSUPPORTED: {
    title: 'This link needs a newer Lanvault',
    text: 'It was made by a later version. Update the relay that serves this page, then reload.',
  },
  CORRUPT: DAMAGED,
  TOO_LARGE: DAMAGED,
  UNAVAILABLE: NO_ANSWER,
  TIMEOUT: NO_ANSWER,
};

const UNPUBLISHED: LinkProblem = {
  title: 'This file is not there any more',
  text: 'It may have been deleted or taken out of the catalog, or the machines that hold it are switched off. Switch them on and try again.',
};

/** Of an entry of the catalog that did not open. */
export function problemOfPublished(cause: unknown): LinkProblem {
  const { code } = AppError.from(cause);
  if (code === 'CHUNK_LOST' || code === 'DELETED' || code === 'NOT_FOUND') return UNPUBLISHED;
  if (code === 'CORRUPT' || code === 'TOO_LARGE')
    return {
      title: 'What was published is not a file',
      text: 'The catalog’s entry does not fit what it leads to. Nothing was opened.',
    };
  return problemOfError(cause);
}

/** Of a link that looks well and did not open. */
export function problemOfError(cause: unknown): LinkProblem {
  const { code, message } = AppError.from(cause);
  return PROBLEMS[code] ?? { title: 'The link could not be opened', text: `${message} ${ERROR_HINTS[code]}` };
}
