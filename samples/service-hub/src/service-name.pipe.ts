import { BadRequestError, Injectable, type PipeTransform } from 'rockstar-web';

/** A name as it may stand in a path. */
@Injectable()
export class ServiceNamePipe implements PipeTransform<string, string> {
  transform(name: string): string {
    if (/^[a-z][a-z0-9-]{0,39}$/.test(name)) return name;
    const message = 'name must be lower-case letters, digits and hyphens, at most 40';
    throw new BadRequestError({ code: 'VALIDATION_FAILED', detail: message, errors: [{ path: 'name', message }] });
  }
}
