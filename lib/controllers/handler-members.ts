import { type Class, defineSlot } from '../metadata/slot';

const members = defineSlot<ReadonlySet<string | symbol>>('handler-members');

/** Notes that a method handles requests, messages or connections: what its decorators put around it is compiled into its route. */
export function markHandler(target: object, member: string | symbol): void {
  members.update(target, (known) => new Set(known).add(member));
}

export function isHandler(prototype: object, member: string | symbol): boolean {
  return members.get(prototype)?.has(member) === true;
}

/** Whether any method of a class, or of what it extends, is one. */
export function hasHandlers(type: Class): boolean {
  return members.get(type.prototype as object) !== undefined;
}
