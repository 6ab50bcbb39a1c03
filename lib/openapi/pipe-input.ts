import type { HookEntry } from '../controllers/hooks';
import type { PipeInput, PipeTransform } from '../validation/pipe';
import { type ClassReferences, typeSchema } from './class-schema';
import type { JsonSchema } from './json-schema';

/** What the pipes of a parameter make of its input, seen from outside. */
export interface PipedInput {
  /** `undefined`: the declared type says what is taken. */
  readonly schema: JsonSchema | undefined;
  /** Whether something must be there; `undefined`: no pipe minds. */
  readonly isRequired: boolean | undefined;
  readonly defaultValue: unknown;
  readonly separator: string | undefined;
}

/** Asks the pipes in the order they run. */
export function pipedInput(pipes: readonly HookEntry<PipeTransform>[], references: ClassReferences): PipedInput {
  let schema: JsonSchema | undefined;
  let isRequired: boolean | undefined;
  let defaultValue: unknown;
  let separator: string | undefined;
  for (const pipe of pipes) {
    const input = describe(pipe);
    if (input === undefined) continue;
    schema ??= schemaOf(input, references);
    separator ??= input.separator;
    defaultValue ??= input.defaultValue;
    isRequired ??= input.isOptional === true ? (input.defaultValue === undefined ? undefined : false) : true;
  }
  return { schema, isRequired, defaultValue, separator };
}

/** A pipe that takes no arguments can be made to be asked; any other class is made by the container alone. */
function describe(pipe: HookEntry<PipeTransform>): PipeInput | undefined {
  if (typeof pipe !== 'function') return 'describeInput' in pipe ? pipe.describeInput?.() : undefined;
  const { prototype } = pipe as { readonly prototype: PipeTransform };
  if (prototype.describeInput === undefined || pipe.length > 0) return undefined;
  return new (pipe as unknown as new () => PipeTransform)().describeInput?.();
}

function schemaOf({ schema, items }: PipeInput, references: ClassReferences): JsonSchema | undefined {
  if (items !== undefined) return { type: 'array', items: typeSchema(items, 'input', references) };
  return schema;
}
