import type { FrameworkError } from '../errors/framework-error';
import { cookiesOf } from '../http/cookies';
import type { Exchange } from '../http/exchange';
import { queryOf } from '../http/query';
import type { UploadOptions } from '../http/uploads';
import { type Class, defineSlot } from '../metadata/slot';
import type { ArgumentMetadata, PipeTransform } from '../validation/pipe';
import { readBodyArgument, readFormArgument } from './body-argument';
import type { HookReference } from './hooks';

/** Where a parameter stands, for compiling and for messages. */
export interface ParameterPlace {
  readonly place: string;
  readonly index: number;
  readonly pattern: string;
  /** The declared type, as TypeScript emitted it. */
  readonly type: unknown;
}

/** What compiling a parameter can ask of the rooms above. */
export interface ParameterRooms {
  readonly contextOf: (exchange: Exchange) => unknown;
}

/** Reads one argument of a handler from the exchange; a promise is awaited. */
export type ArgumentReader = (exchange: Exchange) => unknown;

/** Where an argument comes from. */
export interface ParameterDeclaration {
  readonly source: Exclude<ArgumentMetadata['source'], 'message'>;
  readonly name: string | undefined;
  readonly pipes: readonly HookReference<PipeTransform>[];
  /** Whether what is read is text, to be converted to the declared type. */
  readonly isText: boolean;
  /** Whether reading it may take time. */
  readonly waits: boolean;
  /** How files of a multipart body are taken; `undefined`: they are not. */
  readonly files?: UploadOptions;
  /** The one kind of body that is taken; `undefined`: whatever holds the declared type. */
  readonly consumes?: 'json' | 'form';
  /** Of what is no input (a context, a signal): pipes leave it alone. */
  readonly unpiped?: true;
  /** Of what any `Call` has, so that it can stand beside a message of a WebSocket: what it compiles to is given that call. */
  readonly ofCall?: true;
  compile(at: ParameterPlace, rooms: ParameterRooms): ArgumentReader | FrameworkError;
}

const declarations = defineSlot<ReadonlyMap<number, ParameterDeclaration>>('parameters');
/** How parameters of a type are filled. */
interface Filler {
  readonly fill: (rooms: ParameterRooms) => ArgumentReader;
  /** Whether any `Call` has it, and not a request alone. */
  readonly ofCall: boolean;
  /** Whether to fill it is to take the connection over: it is asked last, and the route is declared to do so. */
  readonly takesOver: boolean;
}

const fillers = defineSlot<Filler>('parameter-filler');

const NO_PARAMETERS: ReadonlyMap<number, ParameterDeclaration> = new Map();

/** The declared parameters of a method, by index. */
export function readParameters(prototype: object, member: string | symbol): ReadonlyMap<number, ParameterDeclaration> {
  return declarations.get(prototype, member) ?? NO_PARAMETERS;
}

/** Makes a parameter decorator: how a new capability is asked for by a handler. */
export function defineParameter(declaration: ParameterDeclaration): ParameterDecorator {
  return (target, member, index) => {
    if (member === undefined)
      throw new TypeError('This decorator belongs beside a parameter of a method; a constructor takes @Inject().');
    const before = declarations.getOwn(target, member) ?? new Map<number, ParameterDeclaration>();
    declarations.set(target, new Map(before).set(index, declaration), member);
  };
}

/** Fills undecorated parameters declared as `type`. In: `ofCall`, whether any `Call` has one; default: a request alone. */
export function fillByType(type: Class, fill: (rooms: ParameterRooms) => ArgumentReader, ofCall = false): void {
  fillers.set(type, { fill, ofCall, takesOver: false });
}

/**
 * Fills undecorated parameters declared as `type` with the connection itself: their route takes connections over. `take` is
 * asked when everything else about the request has been found right, just before the handler runs.
 */
export function fillByTakingOver(type: Class, take: (rooms: ParameterRooms) => ArgumentReader): void {
  fillers.set(type, { fill: take, ofCall: false, takesOver: true });
}

/** How an undecorated parameter of this type is filled; `undefined`: it is not. */
export function readFiller(type: unknown): Filler | undefined {
  return typeof type === 'function' ? fillers.getOwn(type) : undefined;
}

fillByType(AbortSignal, () => (exchange) => exchange.lifetime.signal, true);

type Pipes = readonly HookReference<PipeTransform>[];

/** `('id', pipe)`, `(pipe)` and `()` are all ways to call a parameter decorator. */
function nameAndPipes(args: readonly unknown[]): { readonly name: string | undefined; readonly pipes: Pipes } {
  const [first, ...rest] = args;
  const name = typeof first === 'string' ? first : undefined;
  const pipes = (name === undefined ? args : rest).filter((pipe) => pipe !== undefined);
  return { name, pipes: pipes as unknown as Pipes };
}

function textParameter(
  source: 'param' | 'query' | 'headers' | 'cookies',
  args: readonly unknown[],
  readAll: (exchange: Exchange) => Readonly<Record<string, unknown>>,
): ParameterDecorator {
  const { name, pipes } = nameAndPipes(args);
  const key = source === 'headers' ? name?.toLowerCase() : name;
  const compile = (): ArgumentReader => (key === undefined ? readAll : (exchange) => readAll(exchange)[key]);
  return defineParameter({ source, name, pipes, isText: true, waits: false, compile });
}

interface TextParameter {
  (...pipes: readonly HookReference<PipeTransform>[]): ParameterDecorator;
  (name: string, ...pipes: readonly HookReference<PipeTransform>[]): ParameterDecorator;
}

/** A parameter of the path, converted to the declared type (400 when it cannot be); without a name all of them. */
export const Param: TextParameter = (...args: readonly unknown[]) => textParameter('param', args, (exchange) => exchange.params);

/** A parameter of the query, converted to the declared type; absent: undefined. Without a name all, checked against the declared class. */
export const Query: TextParameter = (...args: readonly unknown[]) => textParameter('query', args, queryOf);

/** A request header; without a name all, with names in lower case. */
export const Headers: TextParameter = (...args: readonly unknown[]) =>
  textParameter('headers', args, (exchange) => exchange.wire.headers);

/** A cookie; without a name all. */
export const Cookies: TextParameter = (...args: readonly unknown[]) => textParameter('cookies', args, cookiesOf);

/** How a body is taken. */
export interface BodyOptions {
  /**
   * Takes a multipart form with files: `true`, or limits and a folder. Files are stored in a temporary folder, as
   * `UploadedFile`s beside the fields of the form, and removed when the request ends.
   */
  readonly files?: true | UploadOptions;
  /** The one kind of body that is taken, besides what the application has parsers for; any other is 415. Not with `files`. */
  readonly consumes?: 'json' | 'form';
}

interface BodyParameter extends TextParameter {
  (options: BodyOptions, ...pipes: readonly HookReference<PipeTransform>[]): ParameterDecorator;
}

/**
 * The body, by the declared type: a class with class-validator decorators is made from JSON or a form and checked (behind
 * the pipes); `string` is text, `Buffer` bytes, `Readable` the stream itself; anything else is parsed by its content type.
 * With a name, that property of the parsed body, checked against its declared type; several properties may be asked for.
 * With `{ files: true }`, a multipart form whose files are stored for the time of the request; with `{ consumes: 'json' }`,
 * JSON and nothing else, with `{ consumes: 'form' }` an urlencoded form. Any other content type is answered with 415.
 */
export const Body: BodyParameter = (...args: readonly unknown[]) => {
  const [first, ...rest] = args;
  const isOptions = isBodyOptions(first);
  const { name, pipes } = nameAndPipes(isOptions ? rest : args);
  const options = isOptions ? first : {};
  const files = options.files === true ? {} : options.files;
  return defineParameter({
    source: 'body',
    name,
    pipes,
    isText: false,
    waits: true,
    ...(files === undefined ? {} : { files }),
    ...(options.consumes === undefined ? {} : { consumes: options.consumes }),
    compile: (at) =>
      files === undefined
        ? readBodyArgument(at, name, options.consumes)
        : readFormArgument(at.type, at.place, files, options.consumes),
  });
};

function isBodyOptions(value: unknown): value is BodyOptions {
  return typeof value === 'object' && value !== null && ('files' in value || 'consumes' in value) && !('transform' in value);
}

/** What is no input, and any call has. */
const OF_CALL = {
  source: 'custom',
  name: undefined,
  pipes: [],
  isText: false,
  waits: false,
  unpiped: true,
  ofCall: true,
} as const;

/** The `AbortSignal` of the request, or of the message. */
export function Signal(): ParameterDecorator {
  const compile = (): ArgumentReader => (exchange) => exchange.lifetime.signal;
  return defineParameter({ ...OF_CALL, compile });
}

/** The request's context. */
export function Ctx(): ParameterDecorator {
  const compile = (_at: ParameterPlace, rooms: ParameterRooms): ArgumentReader => rooms.contextOf;
  return defineParameter({ ...OF_CALL, compile });
}

/** A decorator made by `createParamDecorator`: `data` is what `read` gets first; pipes may follow. */
export type CustomParameter<Data> = (data?: Data, ...pipes: readonly HookReference<PipeTransform>[]) => ParameterDecorator;

/** The same, where `read` does not do without: `data` has to be given. */
export type CustomParameterOf<Data> = (data: Data, ...pipes: readonly HookReference<PipeTransform>[]) => ParameterDecorator;

/** Makes a parameter decorator of your own. In: `read(data, context)`, which may return a promise. */
export function createRouteParameter<Data, Context>(
  read: (data: Data | undefined, context: Context) => unknown,
): CustomParameter<Data> {
  return (data, ...pipes) =>
    defineParameter({
      source: 'custom',
      name: undefined,
      pipes,
      isText: false,
      waits: true,
      ofCall: true,
      compile: (_at, rooms) => (exchange) => read(data, rooms.contextOf(exchange) as Context),
    });
}
