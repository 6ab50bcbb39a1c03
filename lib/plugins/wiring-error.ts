import { FrameworkError } from '../errors/framework-error';
import { pluginErrors } from './errors';

/**
 * Everything that is wrong with how an application is put together, found before anything of it was made.
 *
 * `mistakes` holds each with its own code; `code` is that of a lone mistake, else APP_WIRING_FAILED.
 */
export class WiringError extends FrameworkError {
  readonly mistakes: readonly FrameworkError[];

  constructor(mistakes: readonly FrameworkError[]) {
    const only = mistakes.length === 1 ? mistakes[0] : undefined;
    const whole = only ?? pluginErrors.APP_WIRING_FAILED({ count: mistakes.length, list: numbered(mistakes) });
    super(whole.code, whole.message, undefined, { cause: only?.cause });
    this.mistakes = mistakes;
  }
}

/** The messages of some errors, one below the other with a number each. */
export function numbered(errors: readonly Error[]): string {
  return errors.map((error, at) => `  ${at + 1}. ${error.message}`).join('\n');
}
