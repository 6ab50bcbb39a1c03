// Whether an answer that comes over time has begun, or has failed before: then it is answered as any other failure is.
import type { Exchange } from './exchange';
import { replyFailure } from './failure-reply';

/** Who hears of it, once. */
export interface BeginObserver {
  /** The head of server-sent events goes out. */
  begun(): void;
  /** It failed before anything of it was sent. */
  failed(error: unknown): void;
}

const observers = new WeakMap<Exchange, BeginObserver[]>();

/** Lets `observer` hear how what an exchange is answered with begins; nothing is heard where the answer becomes another one. */
export function observeBegin(exchange: Exchange, observer: BeginObserver): void {
  const known = observers.get(exchange);
  if (known === undefined) observers.set(exchange, [observer]);
  else known.push(observer);
}

/** The head of events goes out. */
export function eventsBegin(exchange: Exchange): void {
  for (const observer of taken(exchange)) observer.begun();
}

const rescues = new WeakMap<Exchange, (error: unknown) => void>();

/** Lets `rescue` answer where what an exchange is answered with fails before anything of it was sent. */
export function whenFailsToBegin(exchange: Exchange, rescue: (error: unknown) => void): void {
  rescues.set(exchange, rescue);
}

/** Nothing was sent, and nothing of it will be. */
export function failToBegin(exchange: Exchange, error: unknown): void {
  for (const observer of taken(exchange)) observer.failed(error);
  const rescue = rescues.get(exchange);
  // What it answers with may fail as well.
  rescues.delete(exchange);
  if (rescue === undefined) replyFailure(exchange, error);
  else rescue(error);
}

function taken(exchange: Exchange): readonly BeginObserver[] {
  const known = observers.get(exchange) ?? [];
  observers.delete(exchange);
  return known;
}
