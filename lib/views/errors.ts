import { defineErrors } from '../errors/define-error';

/** All that a client learns of a page that could not be made. */
export const UNMADE = { detail: 'The page could not be made.' };

export const viewErrors = defineErrors({
  FOLDER_OPTION_INVALID: { message: 'The option {name} takes {expected}, got {got}.' },
  FOLDER_MISSING: {
    message:
      'The option {name} is the folder {folder}, which {problem}. Make it, or correct the path (a relative one starts at {from}).',
  },
  STATIC_RANGE_UNSATISFIABLE: { status: 416, message: 'The file has {bytes} bytes; none of them are in the range asked for.' },
  VIEWS_NOT_CONFIGURED: {
    status: 500,
    message:
      "{place} makes a page of the view {view}, but the application has no views. Give createApp the option views: './views'.",
  },
  VIEW_UNKNOWN: { status: 500, message: 'The view {view}, asked for by {place}, is not in the folder {root}. {hint}' },
  VIEW_INVALID: { status: 500, message: 'The view {view} is no valid template: {reason}.' },
  VIEW_FAILED: { status: 500, message: 'The view {view} failed in line {line}: {reason}' },
  VIEW_DATA_INVALID: {
    status: 500,
    message: 'The view {view} takes an object, whose members it reads as it.name, or nothing; {place} gave it {got}.',
  },
});
