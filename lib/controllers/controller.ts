import { type Class, defineSlot } from '../metadata/slot';
import { markInjectable } from '../plugins/plugin';

interface ControllerDeclaration {
  readonly prefix: string;
}

const declarations = defineSlot<ControllerDeclaration>('controller');

/**
 * Makes a class a controller: its decorated methods answer requests.
 *
 * In: `prefix` of the paths of its routes (default none). List it in `controllers` of a module; its constructor is injected.
 */
export function Controller(prefix = ''): (target: Class) => void {
  return (target) => {
    markInjectable(target);
    declarations.set(target, { prefix });
  };
}

/** What `@Controller` on this class, or on one it extends, said. */
export function readController(target: object): ControllerDeclaration | undefined {
  return declarations.get(target);
}
