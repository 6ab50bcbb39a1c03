import { type FrameworkError, isFrameworkError } from './framework-error';

/** What a step fails with, as a list: none, or the one failure. Anything else that is thrown goes on. */
export function failuresOf(step: () => void): FrameworkError[] {
  try {
    step();
    return [];
  } catch (error) {
    if (isFrameworkError(error)) return [error];
    throw error;
  }
}
