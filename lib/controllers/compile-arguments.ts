// Hot: what is made here runs once a request.
import { Readable } from 'node:stream';
import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import { readParameterTypes } from '../metadata/slot';
import { readInjectionMarks } from '../plugins/service-token';
import { parameterNames } from '../routing/route-pattern';
import type { ArgumentMetadata, PipeTransform } from '../validation/pipe';
import { compileCheck, type Check } from './check-argument';
import { isPromise, then, whenSettled } from './collect-arguments';
import { controllerErrors } from './errors';
import { type HookEntry, hookInvalid, isHook, type PerExchange } from './hooks';
import {
  type ArgumentReader,
  type ParameterDeclaration,
  type ParameterPlace,
  type ParameterRooms,
  readFiller,
  readParameters,
} from './parameter';

/** What compiling arguments asks of the rooms above. */
export interface ArgumentRooms extends ParameterRooms {
  /** A hook: made by the container of the controller's module, or as it is given. */
  resolveHook<T>(entry: HookEntry<T>): PerExchange<T>;
  /** How a handler parameter marked with `@Inject` is filled. */
  injected(member: string | symbol, index: number): ArgumentReader;
}

/** The arguments of a handler, compiled. */
export interface CompiledArguments {
  readonly readers: readonly ArgumentReader[];
  /** Whether one of them may be a promise. */
  readonly wait: boolean;
  /** Whether the whole body is one of them, and reading the others before it would change nothing. */
  readonly beginWithBody: boolean;
  /** How the body is used. */
  readonly body: 'taken' | 'maybe' | 'none';
  /** Where the connection itself is asked for, and how it is had: when all others are there. */
  readonly taken: { readonly indexes: readonly number[]; readonly take: ArgumentReader } | undefined;
}

interface Method {
  readonly prototype: object;
  readonly member: string | symbol;
  readonly place: string;
  readonly pattern: string;
  readonly pipes: readonly HookEntry<PipeTransform>[];
}

/** Compiles how the arguments of a handler are read, converted and checked. Mistakes are added to `mistakes`. */
export function compileArguments(method: Method, rooms: ArgumentRooms, mistakes: FrameworkError[]): CompiledArguments {
  const { prototype, member } = method;
  const types = readParameterTypes(prototype, member);
  const declared = readParameters(prototype, member);
  const marks = readInjectionMarks(prototype, member);
  const arity = Math.max(types?.length ?? 0, ...[...declared.keys(), ...marks.keys()].map((index) => index + 1), 0);
  if (types === undefined && arity === 0) refuseWithoutTypes(method, mistakes);
  refuseBodyTwice(declared, method, mistakes);
  const readers: ArgumentReader[] = [];
  let wait = false;
  let body: CompiledArguments['body'] = 'none';
  let taken: CompiledArguments['taken'];
  for (let index = 0; index < arity; index++) {
    const at: ParameterPlace = { place: method.place, index, pattern: method.pattern, type: types?.[index] };
    const declaration = declared.get(index);
    if (declaration === undefined && readFiller(at.type)?.takesOver === true) {
      taken = { indexes: [...(taken?.indexes ?? []), index], take: taken?.take ?? compileTaking(at, rooms) };
      readers.push(notYet);
      body = body === 'none' ? 'maybe' : body;
      continue;
    }
    const reader = compileArgument(declaration, at, marks.has(index), method, rooms);
    if (isFrameworkError(reader)) {
      mistakes.push(reader);
      continue;
    }
    readers.push(reader);
    wait ||= mayWait(declaration, method);
    if (declaration?.source === 'body') body = 'taken';
    else if (body === 'none' && (declaration === undefined || declaration.source === 'custom')) body = 'maybe';
  }
  const beginWithBody = wait && [...declared.values()].every(isPlain) && hasWholeBody(declared, types);
  return { readers, wait, body, taken, beginWithBody };
}

/** What is read from the head, from the body as a whole, or is no input. */
function isPlain(declaration: ParameterDeclaration): boolean {
  return declaration.source !== 'custom' || declaration.unpiped === true;
}

function hasWholeBody(declared: ReadonlyMap<number, ParameterDeclaration>, types: readonly unknown[] | undefined): boolean {
  return [...declared].some(([index, { source, name, files }]) => {
    return source === 'body' && name === undefined && files === undefined && types?.[index] !== Readable;
  });
}

function compileTaking(at: ParameterPlace, rooms: ParameterRooms): ArgumentReader {
  return (readFiller(at.type) as { fill: (rooms: ParameterRooms) => ArgumentReader }).fill(rooms);
}

function notYet(): undefined {
  // Asked when all other arguments are there.
}

/** Without the compiler's metadata nobody knows of undecorated parameters, and they would silently stay undefined. */
function refuseWithoutTypes({ prototype, member, place }: Method, mistakes: FrameworkError[]): void {
  const { length } = (prototype as Record<string | symbol, { readonly length: number }>)[member];
  for (let index = 0; index < length; index++) {
    mistakes.push(controllerErrors.ROUTE_PARAMETER_UNDECLARED({ place, index, type: 'unknown (the compiler emitted no types)' }));
  }
}

/** Properties of one body may be asked for one by one, the whole of it once. */
function refuseBodyTwice(
  declared: ReadonlyMap<number, ParameterDeclaration>,
  { place }: Method,
  mistakes: FrameworkError[],
): void {
  const bodies = [...declared.values()].filter(({ source }) => source === 'body');
  if (bodies.length > 1 && bodies.some(({ name }) => name === undefined))
    mistakes.push(controllerErrors.ROUTE_BODY_TWICE({ place }));
}

function mayWait(declaration: ParameterDeclaration | undefined, method: Method): boolean {
  if (declaration === undefined) return false;
  // A class may have asynchronous validators, and any pipe may return a promise.
  return declaration.waits || declaration.name === undefined || declaration.pipes.length + method.pipes.length > 0;
}

function compileArgument(
  declaration: ParameterDeclaration | undefined,
  at: ParameterPlace,
  isInjected: boolean,
  method: Method,
  rooms: ArgumentRooms,
): ArgumentReader | FrameworkError {
  if (declaration === undefined) return isInjected ? rooms.injected(method.member, at.index) : compileUndeclared(at, rooms);
  return compileParameter(declaration, at, method.pipes, rooms);
}

/** Compiles how an argument that its decorator tells of is read, piped and checked, or says what is wrong with it. */
export function compileParameter(
  declaration: ParameterDeclaration,
  at: ParameterPlace,
  pipes: readonly HookEntry<PipeTransform>[],
  rooms: Pick<ArgumentRooms, 'contextOf' | 'resolveHook'>,
): ArgumentReader | FrameworkError {
  try {
    return compileDeclared(declaration, at, pipes, rooms);
  } catch (error) {
    // A class that cannot be checked is one mistake among others.
    if (isFrameworkError(error)) return error;
    throw error;
  }
}

function compileUndeclared(at: ParameterPlace, rooms: ParameterRooms): ArgumentReader | FrameworkError {
  const filler = readFiller(at.type);
  if (filler !== undefined) return filler.fill(rooms);
  const type = typeof at.type === 'function' ? at.type.name : String(at.type);
  return controllerErrors.ROUTE_PARAMETER_UNDECLARED({ place: at.place, index: at.index, type });
}

function compileDeclared(
  declaration: ParameterDeclaration,
  at: ParameterPlace,
  shared: readonly HookEntry<PipeTransform>[],
  rooms: Pick<ArgumentRooms, 'contextOf' | 'resolveHook'>,
): ArgumentReader | FrameworkError {
  const wrong = unknownPathParameter(declaration, at) ?? wrongPipe(declaration, at);
  if (wrong !== undefined) return wrong;
  const read = declaration.compile(at, rooms);
  if (isFrameworkError(read)) return read;
  const references = declaration.unpiped === true ? [] : [...shared, ...declaration.pipes];
  const check = compileCheck(declaration, at, references.length > 0);
  if (isFrameworkError(check)) return check;
  const pipes = references.map((pipe) => rooms.resolveHook(pipe));
  if (pipes.length > 0) return piped(read, pipes, check, { source: declaration.source, name: declaration.name, type: at.type });
  if (check === undefined) return read;
  if (declaration.waits) return (exchange) => then(read(exchange), (value) => check(value, exchange));
  return (exchange) => check(read(exchange), exchange);
}

function unknownPathParameter(
  { source, name }: ParameterDeclaration,
  { pattern, place }: ParameterPlace,
): FrameworkError | undefined {
  if (source !== 'param' || name === undefined) return undefined;
  const names = parameterNames(pattern);
  if (names.includes(name)) return undefined;
  const has = names.length === 0 ? 'none' : names.map((known) => (known === '*' ? '*' : `:${known}`)).join(', ');
  return controllerErrors.ROUTE_PARAMETER_UNKNOWN({
    place,
    name,
    pattern,
    names: has,
    hint: 'Write the same name in both places.',
  });
}

function wrongPipe({ pipes }: ParameterDeclaration, { place, index }: ParameterPlace): FrameworkError | undefined {
  const wrong = pipes.findIndex((pipe) => !isHook(pipe, 'transform'));
  if (wrong < 0) return undefined;
  return hookInvalid(`Parameter ${index}`, place, 'transform', pipes[wrong]);
}

/** Runs pipes in order; what comes out of the last is checked. */
function piped(
  read: ArgumentReader,
  pipes: readonly PerExchange<PipeTransform>[],
  check: Check | undefined,
  metadata: ArgumentMetadata,
): ArgumentReader {
  return (exchange) => {
    let value = read(exchange);
    for (const pipe of pipes) {
      value = isPromise(value)
        ? whenSettled(value).then((ready) => pipe(exchange).transform(ready, metadata))
        : pipe(exchange).transform(value, metadata);
    }
    return check === undefined ? value : then(value, (ready) => check(ready, exchange));
  };
}
