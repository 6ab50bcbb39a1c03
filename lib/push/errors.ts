import { defineErrors } from '../errors/define-error';

export const pushErrors = defineErrors({
  PUSH_PATH_INVALID: {
    message:
      '{place} pushes {path}: {reason}. What is pushed is a path of this application, percent-encoded, such as "/static/app.css" or "/api/users?page=2".',
  },
  PUSH_PARAMETER_UNKNOWN: {
    message: '{place} pushes {path}, but its route {pattern} has no parameter ":{name}". It has {names}.',
  },
  PUSH_OPTION_INVALID: { message: '{place} pushes with {name}: expected {expected}, got {got}.' },
  PUSH_PATHS_INVALID: { message: '{place} pushes {got}; expected paths, as texts, and at once: no promise of them.' },
});
