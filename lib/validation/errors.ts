import { defineErrors } from '../errors/define-error';

/** What can go wrong with input (a client's mistake), and with the classes that describe it (a developer's). */
export const validationErrors = defineErrors({
  VALIDATION_FAILED: { message: 'the input is not valid: {problem}', status: 400 },
  VALIDATION_TYPE_ERASED: {
    message:
      "{where} holds a class that is not known (declared type: {found}). Name it with class-transformer's @Type(() => TheClass), without arguments, or declare the property with a class that is imported as a value; if the class is undefined, break the import cycle between the two files",
  },
  VALIDATION_CLASS_EMPTY: {
    message:
      '{name} has no class-validator decorators, so that everything in it would be refused ({where}). Decorate its properties (@IsString(), @Allow(), …)',
  },
});
