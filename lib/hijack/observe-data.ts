import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import { asEnding, rx } from '../lifetime/observable';

/** What comes on a stream, as an Observable. In: `failure`, why nothing comes any more when it is closed before its end. */
export function observeData(stream: Duplex, failure: () => Error): Observable<Buffer> {
  return new (rx().Observable)<Buffer>((subscriber) => {
    const next = (chunk: Buffer): void => subscriber.next(chunk);
    const end = (): void => subscriber.complete();
    const fail = (): void => subscriber.error(asEnding(failure()));
    if (stream.readableEnded) end();
    else if (stream.destroyed) fail();
    else stream.on('data', next).once('end', end).once('close', fail);
    return () => void stream.off('data', next).off('end', end).off('close', fail).pause();
  });
}
