import type { Observable, Subscriber } from 'rxjs';
import { rx } from '../lifetime/observable';

/** Rows as an Observable: read from when somebody subscribes, stopped when he unsubscribes. */
export function observeRows<T>(open: () => AsyncIterableIterator<T>): Observable<T> {
  return new (rx().Observable)<T>((subscriber) => {
    const rows = open();
    subscriber.add(() => void rows.return?.());
    void pour(rows, subscriber);
  });
}

async function pour<T>(rows: AsyncIterableIterator<T>, subscriber: Subscriber<T>): Promise<void> {
  try {
    for await (const row of rows) {
      subscriber.next(row);
      if (subscriber.closed) return;
    }
    subscriber.complete();
  } catch (error) {
    subscriber.error(error);
  }
}
