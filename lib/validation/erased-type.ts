/**
 * Says what to write instead, when a declared type did not survive compilation.
 *
 * In: the type as TypeScript emitted it.
 * Out: an explanation for a start-up error; undefined when the type is there.
 */
export function explainErasedType(type: unknown): string | undefined {
  if (type === undefined) {
    return (
      'no type was emitted for it. Compile with experimentalDecorators and emitDecoratorMetadata (tsc or ts-node; esbuild and tsx ' +
      'emit nothing), or, if it is a class of a file that imports this one, break that import cycle'
    );
  }
  if (type === Object) {
    return (
      'TypeScript erases its type (an interface, a type alias, a union, or a class imported with `import type`). ' +
      'Write `n?: number` instead of `n: number | undefined`, a class that is imported as a value, or give a pipe'
    );
  }
  return undefined;
}
