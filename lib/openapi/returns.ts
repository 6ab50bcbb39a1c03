import { Readable } from 'node:stream';
import { isPromise, whenSettled } from '../controllers/collect-arguments';
import { isAsyncIterable } from '../controllers/compile-hooks';
import type { MethodRoute } from '../controllers/route';
import { type RouteDraft, shapeRoute } from '../controllers/route-draft';
import type { Exchange } from '../http/exchange';
import { notSerializable, replyJsonText } from '../http/reply-writer';
import { isObservable, rx } from '../lifetime/observable';
import type { Class } from '../metadata/slot';
import { openapiErrors } from './errors';
import type * as Prepared from './prepared-answer';

const RETURNS = Symbol('returns');

/**
 * Says what the body of a route's answer is: an object of a class, or a list of them. Only properties that the class declares
 * (by class-validator or `@ApiProperty`, and not `@ApiHidden`) leave, nested ones too, and they are written by a serialiser
 * that is made once, with the application. It is also what the OpenAPI document says of the answer.
 *
 * In: the class, `@Returns(User)`, or a list of it, `@Returns([User])`. What interceptors make of the handler's value is
 * written; each part of an async iterable is one object. Nothing is 204, and what the handler answers by its context is sent as it is.
 * Fails with: OPENAPI_DECORATOR_INVALID, ROUTE_OPTION_INVALID at start; REPLY_NOT_SERIALIZABLE where a value is of another
 * kind than declared: nothing of it leaves.
 */
export function Returns(type: Class | readonly [Class]): MethodRoute {
  return shapeRoute((draft) => {
    const answer = prepared().prepareAnswer(type);
    if (answer === undefined) {
      const reason = `takes a class with declared properties, or a list of one ([User]), got ${nameOf(type)}. Declare them by class-validator or @ApiProperty().`;
      draft.mistakes.push(openapiErrors.OPENAPI_DECORATOR_INVALID({ decorator: '@Returns', place: draft.place, reason }));
      return;
    }
    const { around, metadata, mistakes } = draft;
    mistakes.push(...answer.mistakes);
    metadata.set(RETURNS, type);
    // What is inherited gives way.
    const other = around.findIndex(({ phase }) => phase === 'answer');
    if (other >= 0) around.splice(other, 1);
    around.push({ phase: 'answer', run: (exchange, next) => write(exchange, answer, next()) });
  });
}

/** What `@Returns` says of a route. */
export function readReturns({ metadata }: RouteDraft): Prepared.Returned | undefined {
  return metadata.get(RETURNS) as Prepared.Returned | undefined;
}

function prepared(): typeof Prepared {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it where no route has a class
  return require('./prepared-answer') as typeof Prepared;
}

function nameOf(type: unknown): string {
  if (Array.isArray(type)) return `[${type.map(nameOf).join(', ')}]`;
  return typeof type === 'function' ? type.name : String(type);
}

function write(exchange: Exchange, answer: Prepared.PreparedAnswer, value: unknown): unknown {
  if (isPromise(value)) return whenSettled(value).then((settled) => write(exchange, answer, settled));
  if (isObservable(value)) {
    const { takeLast, defaultIfEmpty, map } = rx();
    return value.pipe(
      takeLast(1),
      defaultIfEmpty(undefined),
      map((last) => write(exchange, answer, last)),
    );
  }
  if (value === undefined || isAnswered(exchange)) return value;
  if (isAsyncIterable(value) && !isByteStream(value)) {
    return new DeclaredParts(value, (part) => told(exchange, () => answer.pickPart(part)));
  }
  replyJsonText(
    exchange,
    told(exchange, () => {
      refuseBytes(value);
      return answer.serialise(value);
    }),
  );
  return undefined;
}

function isAnswered(exchange: Exchange): boolean {
  return exchange.replied || exchange.answering || exchange.wire.headSent || exchange.begun?.ended === true;
}

function told<T>(exchange: Exchange, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw notSerializable(exchange, error);
  }
}

function isByteStream(value: unknown): boolean {
  return value instanceof Readable || value instanceof globalThis.ReadableStream;
}

/** They are objects, of which nothing would be left. */
function refuseBytes(value: unknown): void {
  if (value instanceof Readable) value.destroy();
  if (value instanceof Uint8Array || isByteStream(value)) throw new TypeError('it is bytes, where a class is declared');
}

/** The parts of a source, of each what is declared. Not a generator: that could not be ended while it waits for a part. */
class DeclaredParts implements AsyncIterable<unknown> {
  readonly #source: AsyncIterable<unknown>;
  readonly #pick: (part: unknown) => unknown;

  constructor(source: AsyncIterable<unknown>, pick: (part: unknown) => unknown) {
    this.#source = source;
    this.#pick = pick;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const iterator = this.#source[Symbol.asyncIterator]();
    return {
      next: async () => {
        const next = await iterator.next();
        return next.done === true ? next : { done: false, value: this.#pick(next.value) };
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    };
  }
}
