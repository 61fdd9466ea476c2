/** How safe a file is that a link leads to, in a sentence. */
import { REPLICAS } from '../../../shared/limits.ts';
import type { FileSurvey } from '../../state/engine-types.ts';

export interface SurveyWords {
  readonly tone: 'good' | 'warn' | 'danger' | 'unknown';
  readonly text: string;
}

export function surveyWords(survey: FileSurvey | 'unknown'): SurveyWords {
  if (survey === 'unknown')
    return { tone: 'unknown', text: 'How many copies there are could not be found out just now.' };
  const { fewestCopies, chunksAsked, chunkCount } = survey;
  const part = chunksAsked < chunkCount ? 'Every part that was looked at' : 'Every part';
  if (fewestCopies >= REPLICAS)
    return { tone: 'good', text: `${part} is on ${REPLICAS} relays: any ${REPLICAS - 1} of them may fail.` };
  if (fewestCopies === 0)
    return {
      tone: 'danger',
      text: 'Some parts are on no relay that answers: switch on the machines that hold the file.',
    };
  if (fewestCopies === 1)
    return { tone: 'warn', text: 'Some parts are on one relay only: download it while it is there.' };
  return { tone: 'warn', text: `Some parts are on ${fewestCopies} relays only, of ${REPLICAS} wanted.` };
}
