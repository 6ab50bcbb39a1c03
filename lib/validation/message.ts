import type { ConstraintArguments } from './class-validator-door';

const TOKEN = /\$(?:constraint(\d+)|(value|property|target))/g;

function show(constraint: unknown): string {
  if (Array.isArray(constraint)) return constraint.join(', ');
  return typeof constraint === 'symbol' ? (constraint.description ?? '') : String(constraint);
}

function fillToken(token: string, place: string | undefined, name: string | undefined, args: ConstraintArguments): string {
  if (place !== undefined) {
    const index = Number(place) - 1;
    return index < args.constraints.length ? show(args.constraints[index]) : token;
  }
  if (name === 'property') return args.property;
  if (name === 'target') return args.targetName;
  return ['string', 'number', 'boolean'].includes(typeof args.value) ? String(args.value) : token;
}

/**
 * The text of a decorator's message, with `$property`, `$constraint1`, `$value` and `$target` filled in as class-validator
 * does it. A validator without a message says `otherwise`.
 */
export function messageText(message: unknown, args: ConstraintArguments, otherwise: string): string {
  const text = typeof message === 'function' ? (message as (args: ConstraintArguments) => unknown)(args) : message;
  if (typeof text !== 'string' || text === '') return otherwise;
  return text.replace(TOKEN, (token: string, place?: string, name?: string) => fillToken(token, place, name, args));
}
