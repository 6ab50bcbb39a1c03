import type { RouteDecorator } from '../controllers/route-draft';
import type { Class, ConcreteClass } from '../metadata/slot';

/** A class with decorators that are only known now, as if they stood above it. */
export function decorated(target: Class, decorators: readonly RouteDecorator[]): ConcreteClass {
  for (const decorate of [...decorators].reverse()) decorate(target);
  return target as ConcreteClass;
}
