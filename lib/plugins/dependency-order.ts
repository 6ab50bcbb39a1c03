/**
 * Does `step` for each item once those it depends on are done; what does not depend on each other goes side by side.
 *
 * In: items, each after those it depends on; dependencies that are not among them count as done.
 * Out: the errors. After the first nothing new is begun, and what has begun is waited for.
 */
export async function inDependencyOrder<T extends object>(
  items: readonly T[],
  dependenciesOf: (item: T) => Iterable<object>,
  step: (item: T) => Promise<void>,
): Promise<unknown[]> {
  const errors: unknown[] = [];
  const running = new Map<object, Promise<void>>();
  const run = async (item: T): Promise<void> => {
    await Promise.all(Array.from(dependenciesOf(item), (it) => running.get(it) ?? Promise.resolve()));
    if (errors.length > 0) return;
    try {
      await step(item);
    } catch (error) {
      errors.push(error);
    }
  };
  for (const item of items) running.set(item, run(item));
  await Promise.all(running.values());
  return errors;
}
