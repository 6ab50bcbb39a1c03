import { BadRequestError, Injectable, type PipeTransform } from 'rockstar-web';

const MOST = 30;

/** Whole seconds, 10 where none are said. */
@Injectable()
export class SecondsPipe implements PipeTransform<string | undefined, number> {
  transform(text: string | undefined): number {
    if (text === undefined) return 10;
    const seconds = /^\d{1,2}$/.test(String(text)) ? Number(text) : NaN;
    if (seconds >= 1 && seconds <= MOST) return seconds;
    const message = `seconds must be a whole number from 1 to ${MOST}`;
    throw new BadRequestError({ code: 'VALIDATION_FAILED', detail: message, errors: [{ path: 'seconds', message }] });
  }
}
