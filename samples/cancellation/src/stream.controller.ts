import { Controller, Headers, Sse } from 'rockstar-web';
import { map, timer } from 'rxjs';

@Controller('/api')
export class StreamController {
  /** One event a second. A client that comes back says what it saw last (`Last-Event-ID`), and goes on from there. */
  @Sse('/stream')
  stream(@Headers('last-event-id') lastEventId?: string) {
    const seen = /^\d{1,9}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    return timer(0, 1_000).pipe(
      map((tick) => ({ id: String(seen + tick + 1), event: 'tick', data: { at: new Date().toISOString() } })),
    );
  }
}
