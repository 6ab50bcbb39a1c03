// Hot, but only where something behind the route asks for the current request.
import { Readable } from 'node:stream';
import { type StreamSource, StreamedReply } from '../http/reply-stream';
import { runInside } from '../lifetime/current';
import type { Lifetime } from '../lifetime/lifetime';
import { isObservable, rx } from '../lifetime/observable';
import type { Call } from './call';
import { then } from './collect-arguments';
import { isAsyncIterable } from './compile-hooks';

/** Runs a route so that the current request is known in all of it: also in the Observable or generator that it gives. */
export function insideCurrent<C extends Pick<Call, 'lifetime'>>(run: (call: C) => unknown): (call: C) => unknown {
  return (call) => {
    const { lifetime } = call;
    const value = runInside(lifetime, () => run(call));
    return then(value, (later) => carry(lifetime, later));
  };
}

/** An Observable runs when it is subscribed to and a generator when it is asked, which is later and elsewhere. */
function carry(lifetime: Lifetime, value: unknown): unknown {
  if (value instanceof StreamedReply) return new StreamedReply(carry(lifetime, value.source) as StreamSource, value.format);
  if (isObservable(value)) return new (rx().Observable)((subscriber) => runInside(lifetime, () => value.subscribe(subscriber)));
  if (!isAsyncIterable(value) || value instanceof Readable || value instanceof globalThis.ReadableStream) return value;
  return new CarriedIterable(lifetime, value);
}

class CarriedIterable implements AsyncIterable<unknown> {
  constructor(
    private readonly lifetime: Lifetime,
    private readonly source: AsyncIterable<unknown>,
  ) {}

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const { lifetime } = this;
    const iterator = runInside(lifetime, () => this.source[Symbol.asyncIterator]());
    return {
      next: () => runInside(lifetime, () => iterator.next()),
      return: async () => runInside(lifetime, () => iterator.return?.()) ?? { done: true, value: undefined },
    };
  }
}
